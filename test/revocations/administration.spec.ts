import { expect } from 'chai'
import { hashSecret } from '../../src/clients/secrets.ts'
import { claimIn, digestOf, readFeed } from '../parts/feed.ts'
import {
  fixtureApis,
  fixtureClients,
  type Latchkey,
  secret,
  startLatchkey,
} from '../parts/latchkey.ts'
import { tidied } from '../parts/tidy.ts'
import { until } from '../parts/until.ts'

const admin = 'https://admin.example'
const scope = 'latchkey:admin'
const settings = {
  apis: [...fixtureApis, { audience: admin, scopes: [scope, 'other'] }],
  clients: [
    ...fixtureClients,
    {
      id: 'back-office',
      secrets: [hashSecret(secret)],
      grants: ['client_credentials', 'password'],
      scopes: [scope, 'other', 'read'],
    },
  ],
  administration: { audience: admin },
}

describe('administration over HTTP', () => {
  let server: Latchkey
  let bearer: string

  before(async () => {
    server = await startLatchkey(settings)
    bearer = await tokenOf('back-office')
  })
  after(() => server.stop())

  async function tokenOf(client: string, asked = scope) {
    const form = { grant_type: 'client_credentials', scope: asked, resource: admin }
    const { json } = await server.post('/token', form, { basic: `${client}:${secret}` })
    return json.access_token
  }
  const ask = async (path: string, token = bearer, init: RequestInit = {}) => {
    const headers = { authorization: `Bearer ${token}`, ...(init.headers as object) }
    const response = await fetch(server.issuer + path, { ...init, headers })
    return { status: response.status, headers: response.headers, json: await response.json() }
  }
  const end = (body: object | string, type = 'application/json', token = bearer) =>
    ask('/admin/revocations', token, {
      method: 'POST',
      headers: { 'content-type': type },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    })
  const active = async (token: string) =>
    (await server.post('/introspect', { token }, { basic: `resource-server:${secret}` })).json
      .active
  const pathOf = (sub: string) => `/admin/users/${encodeURIComponent(sub)}/sessions`

  it('lists what a user is logged in with', async () => {
    const first = await server.login()
    const second = await server.login({ client_id: 'other-web' })
    const sub = claimIn(first.access_token, 'sub')
    const answer = await ask(pathOf(sub))
    expect(answer.status).to.equal(200)
    expect(answer.headers.get('cache-control')).to.equal('no-store')
    const { sessions } = answer.json as { sessions: Record<string, string>[] }
    expect(sessions.map(({ id }) => id)).to.have.members(
      [second, first].map(({ access_token }) => claimIn(access_token, 'sid')),
    )
    const one = sessions.find(({ id }) => id === claimIn(second.access_token, 'sid'))
    expect(one).to.include({ client_id: 'other-web', username: 'johndoe', address: '127.0.0.1' })
    expect(one).to.have.property('user_agent', 'node')
    expect(one?.created_at).to.match(/^\d{4}-.*Z$/)
    expect((await ask(pathOf('nobody'))).json).to.deep.equal({ sessions: [] })
  })

  it('ends a token, a login, a user and a client, and the feed has it', async () => {
    const cases = {
      token: (token: string) => claimIn(token, 'jti'),
      family: (token: string) => claimIn(token, 'sid'),
      user: (token: string) => claimIn(token, 'sub'),
      client: (token: string) => claimIn(token, 'client_id'),
    }
    for (const [kind, nameIn] of Object.entries(cases)) {
      const { access_token } = await server.login()
      expect(await active(access_token), kind).to.equal(true)
      const { position } = await readFeed(server.issuer)
      const done = await end({ [kind]: nameIn(access_token) })
      expect(done, kind).to.deep.include({ status: 200, json: {} })
      expect(await active(access_token), kind).to.equal(false)
      const { entries } = await until(
        () => readFeed(server.issuer, `?after=${position}`),
        (feed) => feed.entries.length > 0,
      )
      const name = nameIn(access_token)
      const told = kind === 'user' || kind === 'client' ? digestOf(name) : name
      expect(entries[0]?.slice(0, 2)).to.deep.equal([kind, told])
      expect(JSON.stringify(entries).includes(name)).to.equal(told === name)
    }
    const audit = server.log.find(({ event, kind }) => event === 'administration.ended' && kind)
    expect(audit).to.include({ by: 'back-office' })
  })

  it('ends what was issued until a time, and takes a form', async () => {
    const { access_token } = await server.login()
    const sub = claimIn(access_token, 'sub')
    const before = new Date(Date.now() - 60_000).toISOString()
    expect((await end({ user: sub, before })).status).to.equal(200)
    expect(await active(access_token)).to.equal(true)
    const form = new URLSearchParams({ user: sub }).toString()
    expect((await end(form, 'application/x-www-form-urlencoded')).status).to.equal(200)
    expect(await active(access_token)).to.equal(false)
  })

  it('says what is wrong with an order', async () => {
    const wrong: [object | string, RegExp][] = [
      [{}, /name one of/],
      [{ user: 'a', client: 'b' }, /name one of/],
      [{ device: 'a' }, /name one of/],
      [{ user: 7 }, /user is a text/],
      [{ user: '' }, /user is a text/],
      [{ everything: 'yes' }, /everything is true/],
      [{ user: 'a', before: '2026-01-01' }, /before is a time/],
      [{ user: 'a', before: '2999-01-01T00:00:00Z' }, /in the future/],
      [{ token: 'a', before: '2026-01-01T00:00:00Z' }, /leave before out/],
      ['nonsense', /cannot be read/],
      ['[]', /name one of/],
      ['null', /cannot be read/],
    ]
    for (const [body, complaint] of wrong) {
      const { status, json } = await end(body)
      expect(status, JSON.stringify(body)).to.equal(400)
      expect(json).to.have.property('error', 'invalid_request')
      expect(json).to.have.property('error_description').that.matches(complaint)
    }
    expect((await end('user=a&user=b', 'application/x-www-form-urlencoded')).status).to.equal(400)
    expect((await end('user', 'text/plain')).status).to.equal(415)
    expect((await end({ user: 'x'.repeat(20_000) })).status).to.equal(413)
  })

  it('is for a client that has the scope by name, and for nobody else', async () => {
    const nobody = await fetch(server.issuer + pathOf('a'))
    expect(nobody.status).to.equal(401)
    expect(nobody.headers.get('www-authenticate')).to.match(/^Bearer /)
    const other = await tokenOf('back-office', 'other')
    // Unrestricted, so it may ask for every scope of every API.
    const unrestricted = await tokenOf('app')
    const user = await server.post(
      '/token',
      { grant_type: 'password', username: 'johndoe', password: 'secret', scope, resource: admin },
      { basic: `back-office:${secret}` },
    )
    const elsewhere = (
      await server.post(
        '/token',
        { grant_type: 'client_credentials', scope: 'read' },
        { basic: `back-office:${secret}` },
      )
    ).json.access_token
    for (const [token, status] of [
      [other, 403],
      [unrestricted, 403],
      [user.json.access_token, 403],
      [elsewhere, 401],
    ] as const) {
      expect((await ask(pathOf('a'), token)).status).to.equal(status)
      const refused = await end({ everything: true }, 'application/json', token)
      expect(refused.status).to.equal(status)
      expect(refused.headers.get('www-authenticate')).to.match(/error="\w+"/)
    }
    expect(await active(bearer)).to.equal(true)
  })

  it('is over for a token that was revoked', async () => {
    const token = await tokenOf('back-office')
    expect((await ask(pathOf('a'), token)).status).to.equal(200)
    await end({ token: claimIn(token, 'jti') })
    expect((await ask(pathOf('a'), token)).status).to.equal(401)
  })

  it('ends everything, itself too', async () => {
    const token = await tokenOf('back-office')
    const { access_token } = await server.login()
    expect((await end({ everything: true }, 'application/json', token)).status).to.equal(200)
    expect(await active(access_token)).to.equal(false)
    expect((await ask(pathOf('a'), token)).status).to.equal(401)
  })
})

describe('administration', () => {
  const kept = tidied()

  it('is not there unless it is configured', async () => {
    const server = kept(await startLatchkey())
    for (const [path, method] of [
      ['/admin/users/a/sessions', 'GET'],
      ['/admin/revocations', 'POST'],
    ] as const) {
      expect((await fetch(server.issuer + path, { method })).status).to.equal(404)
    }
  })
})
