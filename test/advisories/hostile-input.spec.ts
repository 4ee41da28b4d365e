import { brotliCompressSync } from 'node:zlib'
import { expect } from 'chai'
import { hashSecret } from '../../src/clients/secrets.ts'
import {
  fixtureApis,
  fixtureClients,
  type Latchkey,
  passwordGrant,
  secret,
  startLatchkey,
} from '../parts/latchkey.ts'
import { exchange, formRequest } from '../parts/raw-socket.ts'
import { isActive, outcomeOf, processorTime } from './scene.ts'

const login = new URLSearchParams(passwordGrant).toString()
const audience = 'https://admin.example'
const scope = 'latchkey:admin'
const part = (text: string) => Buffer.from(text).toString('base64url')

describe('advisories: hostile sizes and shapes', () => {
  let server: Latchkey
  let bearer: string
  before(async () => {
    const office = { id: 'office', secrets: [hashSecret(secret)], grants: ['client_credentials'] }
    server = await startLatchkey({
      apis: [...fixtureApis, { audience, scopes: [scope] }],
      clients: [...fixtureClients, { ...office, scopes: [scope] }],
      administration: { audience },
    })
    const form = { grant_type: 'client_credentials', scope, resource: audience }
    bearer = (await server.post('/token', form, { basic: `office:${secret}` })).json.access_token
  })
  after(() => server.stop())
  afterEach('the process is alive, and unmoved', async () => {
    expect(outcomeOf(await server.post('/token', passwordGrant))).to.equal('200')
  })

  const raw = (octets: string) => exchange(server.service.url, octets)
  const order = (body: string) =>
    fetch(`${server.issuer}/admin/revocations`, {
      method: 'POST',
      headers: { authorization: `Bearer ${bearer}`, 'content-type': 'application/json' },
      body,
    })
  const cheap = async (what: string, work: () => Promise<unknown>) =>
    expect(await processorTime(work), `${what}: ms of processor time`).to.be.below(500)

  it('CVE-2026-4634 Keycloak: a long scope kept the server busy', async () => {
    for (const scopes of [
      'a '.repeat(7000),
      'read '.repeat(3000),
      ' '.repeat(10_000),
      'é '.repeat(1500),
    ]) {
      await cheap(scopes.slice(0, 10), async () => {
        const { status } = await server.post('/token', { ...passwordGrant, scope: scopes })
        expect(status).to.be.within(200, 413)
      })
    }
    const many = Array.from({ length: 2000 }, (_, index) => `s${index}`).join(' ')
    await cheap('2,000 scopes', async () => {
      const answer = await server.post('/token', { ...passwordGrant, scope: many })
      expect(outcomeOf(answer)).to.equal('400 invalid_scope')
    })
  })

  it('CVE-2026-9704 Keycloak: a parameter that was too large was dropped, and with it a restriction', async () => {
    const large = 'x'.repeat(9000)
    const restrictions = {
      scope: '400 invalid_scope',
      resource: '400 invalid_target',
      password: '400 invalid_grant',
      username: '400 invalid_grant',
      client_id: '401 invalid_client',
      grant_type: '400 unsupported_grant_type',
    }
    for (const [name, expected] of Object.entries(restrictions)) {
      const answer = await server.post('/token', { ...passwordGrant, [name]: large })
      expect(outcomeOf(answer), name).to.equal(expected)
    }
    const basic = `resource-server:${secret}`
    const unknown = await server.post('/introspect', { token: large }, { basic })
    expect(unknown.json).to.deep.equal({ active: false })
    const beyond = await server.post('/token', { ...passwordGrant, scope: large.repeat(2) })
    expect(outcomeOf(beyond)).to.equal('413 invalid_request')
  })

  it('CVE-2026-9803 Keycloak: a malformed Bearer was answered 500', async () => {
    const odd = [
      'Bearer',
      'Bearer ',
      'Bearer  x',
      'Bearer a b',
      'Bearer ,',
      'Bearer =',
      'bearer\tx',
    ]
    const long = [
      'Bearer ..',
      'Bearer e30.e30.',
      `Bearer ${'.'.repeat(5000)}`,
      'Bearer \xff\xfe',
      'B',
    ]
    for (const value of [...odd, ...long]) {
      const octets = `GET /users/me HTTP/1.1\r\nHost: a\r\nConnection: close\r\nAuthorization: ${value}\r\n\r\n`
      const { status, headers } = await raw(octets)
      expect([400, 401], value).to.include(status)
      if (status === 401) expect(headers.get('www-authenticate')?.[0]).to.match(/^Bearer /)
    }
  })

  it('CVE-2026-21710 Node.js: a header called __proto__ ended the process', async () => {
    for (const name of [
      '__proto__',
      'constructor',
      'toString',
      'hasOwnProperty',
      '__defineGetter__',
    ]) {
      const headers = [`${name}: x`, `${name}: y`]
      expect((await raw(formRequest('/token', login, headers))).status, name).to.equal(200)
      const preflight = formRequest(
        '/token',
        '',
        ['Origin: https://web.example', ...headers],
        'OPTIONS',
      )
      expect((await raw(preflight)).status).to.equal(204)
    }
  })

  it('CVE-2026-21717 Node.js: names that are whole numbers collided', async () => {
    const numbers = Array.from({ length: 1200 }, (_, index) => 2 ** 24 + index * 2 ** 10)
    const members = numbers.map((number) => `"${number}":1`).join()
    await cheap('JSON', async () => expect((await order(`{${members}}`)).status).to.equal(400))
    const jws = `${part(`{"alg":"ES256",${members}}`)}.${part(`{${members}}`)}.AA`
    await cheap('a JWS', async () =>
      expect(await isActive(server, jws.slice(0, 15_000))).to.equal(false),
    )
    const form = numbers.slice(0, 40).map((number) => `${number}=1`)
    await cheap('a form', () => server.post('/token', `${form.join('&')}&${login}`))
  })

  it('CVE-2025-59466 Node.js: deep nesting ended the process', async () => {
    const deep = (open: string, close: string, depth: number) =>
      open.repeat(depth) + close.repeat(depth)
    const nested = [deep('[', ']', 8000), deep('{"a":', '}', 2000), '['.repeat(16_000)]
    for (const json of nested) {
      expect((await order(json)).status, 'administration').to.equal(400)
      const jws = `${part('{"alg":"ES256","typ":"at+jwt"}')}.${part(json.slice(0, 8000))}.AA`
      expect(await isActive(server, jws), 'introspection').to.equal(false)
      const headed = `${part(json.slice(0, 8000))}.e30.AA`
      expect(await isActive(server, headed), 'introspection').to.equal(false)
      const authorization = { headers: { DPoP: `${part(json.slice(0, 7000))}.e30.AA` } }
      const proof = await server.post('/token', passwordGrant, authorization)
      expect(outcomeOf(proof)).to.equal('400 invalid_dpop_proof')
    }
  })

  it('CVE-2024-27982 Node.js: a space before Content-Length hid a second request', async () => {
    const smuggled = `GET /users/me HTTP/1.1\r\nHost: a\r\n\r\n`
    for (const line of [
      ` Content-Length: ${smuggled.length}`,
      `\tContent-Length: 5`,
      'Content-Length : 5',
    ]) {
      const octets = `POST /token HTTP/1.1\r\nHost: a\r\nX: y\r\n${line}\r\n\r\n${smuggled}`
      const answer = await raw(octets)
      expect(answer.status, line).to.equal(400)
      expect(answer.body.match(/HTTP\/1\.1 \d/g), line).to.equal(null)
    }
  })

  it('CVE-2023-30589 Node.js: a CR alone ended a header', async () => {
    const octets = `GET /healthz HTTP/1.1\r\nHost: a\r\nX: y\rConnection: close\r\n\r\n`
    expect((await raw(octets)).status).to.equal(400)
  })

  it('CVE-2025-23167 Node.js: headers ended by CR LF CR X', async () => {
    const octets = `GET /healthz HTTP/1.1\r\nHost: a\r\n\rXGET /users/me HTTP/1.1\r\nHost: a\r\n\r\n`
    expect((await raw(octets)).status).to.equal(400)
  })

  it('CVE-2022-32213 Node.js: a Transfer-Encoding that is not plainly chunked was read as it', async () => {
    for (const coding of ['chunked, identity', 'xchunked', 'chunked;q=1', 'chun\tked']) {
      const octets = formRequest('/token', `4\r\n${login.slice(0, 4)}\r\n0\r\n\r\n`, [
        `Transfer-Encoding: ${coding}`,
      ])
      const answer = await raw(octets)
      expect(answer.status, coding).to.equal(400)
    }
  })

  it('CVE-2024-22019 Node.js: chunk extensions were read without end', async () => {
    const chunk = `1;${'x'.repeat(40_000)}\r\na\r\n`
    const octets = formRequest('/token', chunk, ['Transfer-Encoding: chunked'])
    expect((await raw(octets)).status).to.equal(413)
  })

  it('CVE-2026-111497 Node.js: a compressed body was more than it seemed', async () => {
    const body = brotliCompressSync(`${login}&x=${'y'.repeat(1_000_000)}`).toString('latin1')
    for (const coding of ['br', 'br, br', 'gzip, br', 'zstd', 'BR']) {
      const { status } = await raw(formRequest('/token', body, [`Content-Encoding: ${coding}`]))
      expect(status, coding).to.equal(415)
    }
  })
})
