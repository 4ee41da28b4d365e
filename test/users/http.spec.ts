import type { ServerResponse } from 'node:http'
import { gzipSync } from 'node:zlib'
import { expect } from 'chai'
import { DirectoryUnavailable } from '../../src/users/directory.ts'
import { type HttpOptions, openHttpDirectory } from '../../src/users/http.ts'
import { startProxy } from '../parts/proxy.ts'
import { startUserService, type UserService } from '../parts/user-service.ts'
import { conformsToDirectory } from './conformance.ts'
import { password, people } from './people.ts'
import { refusal } from './refusal.ts'

const secret = 'a secret of at least 32 characters'

const served = () =>
  people.map(({ given, family, role, ...one }) => ({
    ...one,
    full_name: `${given} ${family}`,
    claims: { role, secret: 'hidden' },
  }))

const open = (url: string, more: Partial<HttpOptions> = {}) =>
  openHttpDirectory({
    name: 'service',
    url,
    secret,
    connections: 64,
    timeout: 2000,
    claims: ['role'],
    ...more,
  })

describe('users behind an HTTP callout', () => {
  let service: UserService
  before(async () => {
    service = await startUserService(secret, password, served())
  })
  after(() => service.close())
  afterEach(() => {
    service.instead = undefined
  })

  describe('as a directory', () => {
    const change = (username: string, values: object) => {
      const user = service.users.find((one) => one.username === username)
      Object.assign(user ?? {}, values)
      return Promise.resolve()
    }
    conformsToDirectory({ ignoresCase: false, unique: true }, async () => {
      const proxy = await startProxy(Number(new URL(service.url).port))
      after(() => proxy.close())
      return {
        open: async () => open(`http://127.0.0.1:${proxy.port}`),
        setDisabled: (username, disabled) => change(username, { disabled }),
        setEmail: (username, email) => change(username, { email }),
        beginOutage: async () => proxy.cut(),
        endOutage: async () => proxy.heal(),
      }
    })
  })

  it('signs what it asks: another secret gets no answer', async () => {
    const stranger = open(service.url, { secret: 'another secret of at least 32 characters' })
    expect(await refusal(stranger.findByLogin('ada'))).to.be.instanceOf(DirectoryUnavailable)
    expect(await open(service.url).findByLogin('ada')).to.include({ username: 'ada' })
  })

  it('asks nothing about an empty password', async () => {
    const directory = open(service.url)
    const ada = await directory.findByLogin('ada')
    if (!ada) throw new Error('no ada')
    const asked = service.questions.length
    expect(await directory.checkPassword?.(ada, '')).to.equal(false)
    expect(service.questions).to.have.lengthOf(asked)
  })

  const user = { id: '1', username: 'ada', disabled: false }
  const json = (value: unknown) => (response: ServerResponse) => response.end(JSON.stringify(value))
  const bad: Record<string, (response: ServerResponse) => void> = {
    'a redirect': (response) => response.writeHead(307, { location: service.url }).end(),
    'an error': (response) => response.writeHead(500).end(JSON.stringify({ user })),
    'another success': (response) => response.writeHead(201).end(JSON.stringify({ user })),
    'an oversize answer': json({ user, more: 'x'.repeat(70_000) }),
    'an endless answer': (response) => {
      const more = () => {
        while (response.write('x'.repeat(10_000)));
      }
      response.on('drain', more)
      more()
    },
    'a compressed answer': (response) =>
      response
        .writeHead(200, { 'content-encoding': 'gzip' })
        .end(gzipSync(JSON.stringify({ user }))),
    'no answer': () => {},
    'half an answer': (response) => {
      response.write('{"user":')
    },
    'no JSON': (response) => response.end('<html>'),
    'no UTF-8': (response) => response.end(Buffer.from([0x22, 0xff, 0x22])),
    'no object': json([user]),
    'nothing about a user': json({}),
    'no id': json({ user: { ...user, id: undefined } }),
    'a number for an id': json({ user: { ...user, id: 1 } }),
    'no word about being disabled': json({ user: { ...user, disabled: undefined } }),
    'words for being disabled': json({ user: { ...user, disabled: 'no' } }),
    'a text for scopes': json({ user: { ...user, scopes: 'all' } }),
    'a list for claims': json({ user: { ...user, claims: ['role'] } }),
    'no time': json({ user: { ...user, password_changed_at: 'yesterday' } }),
  }
  for (const [what, answer] of Object.entries(bad)) {
    it(`is unavailable when it gets ${what}`, async () => {
      service.instead = (_, response) => answer(response)
      const directory = open(service.url, { timeout: 200 })
      expect(await refusal(directory.findByLogin('ada'))).to.be.instanceOf(DirectoryUnavailable)
    })
  }

  it('follows no redirect: the password goes to nobody else', async () => {
    const other = await startUserService(secret, password, served())
    service.instead = (_, response) => response.writeHead(307, { location: other.url }).end()
    const directory = open(service.url)
    const ada = { id: '1', username: 'ada', disabled: false }
    const refused = await directory.checkPassword?.(ada, password).catch((error: unknown) => error)
    await other.close()
    expect(refused).to.be.instanceOf(DirectoryUnavailable)
    expect(other.questions).to.deep.equal([])
  })

  it('is unavailable when the answer is about another id, or the verdict is none', async () => {
    const directory = open(service.url)
    service.instead = (_, response) => json({ user })(response)
    expect(await refusal(directory.findById('2'))).to.be.instanceOf(DirectoryUnavailable)
    service.instead = (_, response) => json({ valid: 'true' })(response)
    const verdict = directory.checkPassword?.({ ...user }, password) ?? Promise.resolve()
    expect(await refusal(verdict)).to.be.instanceOf(DirectoryUnavailable)
  })

  it('has a bound on the questions under way', async () => {
    service.instead = () => {}
    const directory = open(service.url, { connections: 2, timeout: 200 })
    const failures = await Promise.all(
      ['a', 'b', 'c'].map((n) => refusal(directory.findByLogin(n))),
    )
    expect(
      failures.map(String).filter((text) => text.includes('under way already')),
    ).to.have.lengthOf(1)
  })

  it('tells no password and no secret in its errors', async () => {
    service.instead = (_, response) => response.writeHead(500).end()
    const ada = { id: '1', username: 'ada', disabled: false }
    const failure = await refusal(
      open(service.url).checkPassword?.(ada, 'canary password') ?? Promise.resolve(),
    )
    expect(String(failure))
      .to.include('status 500')
      .and.not.match(/canary|a secret of/)
  })
})
