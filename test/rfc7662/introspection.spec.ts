import { expect } from 'chai'
import { hashSecret } from '../../src/clients/secrets.ts'
import { signCompact } from '../parts/issuer.ts'
import { fixtureClients, type Latchkey, secret, startLatchkey } from '../parts/latchkey.ts'
import { decodeJws, serverKey } from '../parts/server-key.ts'

describe('RFC 7662: token introspection', () => {
  const resourceServer = `resource-server:${secret}`
  const one = `one-api:${secret}`
  let latchkey: Latchkey

  before(async () => {
    latchkey = await startLatchkey({
      clients: [
        ...fixtureClients,
        {
          id: 'one-api',
          secrets: [hashSecret(secret)],
          introspectAll: true,
          apis: ['https://opaque.example'],
        },
      ],
    })
  })

  after(() => latchkey.stop())

  const introspect = (
    token: string,
    basic: string | undefined = resourceServer,
    more: Record<string, string> = {},
  ) => latchkey.post('/introspect', { token, ...more }, { basic })

  it('section 2.2: tells what a token is, as JSON that nobody stores [INT-03 INT-10 INT-13]', async () => {
    const login = await latchkey.login({ scope: 'read write' })
    const { status, headers, json } = await introspect(login.access_token)
    expect(status).to.equal(200)
    expect(headers.get('content-type')).to.match(/^application\/json/)
    expect(headers.get('cache-control')).to.equal('no-store')
    const { claims } = decodeJws(login.access_token)
    expect(json).to.include({
      active: true,
      scope: 'read write',
      client_id: 'web',
      username: 'johndoe',
      token_type: 'Bearer',
      sub: claims.sub,
      aud: 'https://api.example',
      iss: latchkey.issuer,
      jti: claims.jti,
      exp: claims.exp,
      iat: claims.iat,
    })
    expect(Number.isInteger(json.exp) && Number.isInteger(json.iat)).to.equal(true)
  })

  it('section 2.2: tells the same of an opaque token and of one without a user [INT-03 INT-10]', async () => {
    const login = await latchkey.login({ scope: 'peek' })
    const opaque = (await introspect(login.access_token)).json
    expect(opaque).to.include({ active: true, aud: 'https://opaque.example', scope: 'peek' })
    expect(opaque).to.include({ iss: latchkey.issuer, client_id: 'web', username: 'johndoe' })
    const form = { grant_type: 'client_credentials', scope: 'read' }
    const machine = await latchkey.post('/token', form, { basic: `app:${secret}` })
    const own = (await introspect(machine.json.access_token)).json
    expect(own).to.include({ active: true, sub: 'app', client_id: 'app', scope: 'read' })
    expect(own).not.to.have.property('username')
  })

  it('section 2.2: says active false and not a word more of any other token [INT-04 INT-05 INT-09]', async () => {
    const login = await latchkey.login()
    const { header, claims } = decodeJws(login.access_token)
    const key = serverKey(latchkey)
    const now = Math.floor(Date.now() / 1000)
    const revoked = await latchkey.login()
    await latchkey.post('/revoke', { token: revoked.access_token, client_id: 'web' })
    const ended = await latchkey.login()
    await latchkey.post('/revoke', { token: ended.refresh_token, client_id: 'web' })
    for (const token of [
      'unknown',
      'a.b.c',
      revoked.access_token,
      ended.access_token,
      ended.refresh_token,
      login.refresh_token,
      signCompact(header, { ...claims, exp: now - 60 }, key),
      signCompact(header, { ...claims, nbf: now + 60 }, key),
      signCompact(header, { ...claims, sid: 'A'.repeat(22) }, key),
      `${login.access_token.slice(0, -4)}AAAA`,
    ]) {
      const { status, text } = await introspect(token)
      expect([status, text], token).to.deep.equal([200, '{"active":false}'])
    }
  })

  it('section 2.1: finds a token whatever the hint says [INT-06]', async () => {
    const login = await latchkey.login()
    for (const token_type_hint of ['access_token', 'refresh_token', 'unknown']) {
      const { json } = await introspect(login.access_token, resourceServer, { token_type_hint })
      expect(json.active, token_type_hint).to.equal(true)
    }
  })

  it('section 2.1: wants a token, once, in a form by POST [INT-02 INT-12 INT-15]', async () => {
    const { access_token } = await latchkey.login()
    for (const form of ['', 'token=', `token=${access_token}&token=${access_token}`]) {
      const { status, json } = await latchkey.post('/introspect', form, { basic: resourceServer })
      expect([status, json.error], form).to.deep.equal([400, 'invalid_request'])
    }
    const Authorization = `Basic ${Buffer.from(resourceServer).toString('base64')}`
    const query = `${latchkey.issuer}/introspect?token=${access_token}`
    const get = await fetch(query, { headers: { Authorization } })
    expect(get.status).to.equal(405)
    expect(get.headers.get('allow')).to.match(/POST/)
    const post = await fetch(query, { method: 'POST', headers: { Authorization } })
    expect(post.status).to.equal(400)
    const json = await fetch(`${latchkey.issuer}/introspect`, {
      method: 'POST',
      headers: { Authorization, 'Content-Type': 'application/json' },
      body: JSON.stringify({ token: access_token }),
    })
    expect(json.status).to.equal(400)
  })

  it('section 2.3: is for clients that prove who they are [INT-01 INT-07 INT-11 CLI-13]', async () => {
    const { access_token: token } = await latchkey.login()
    const answers = [
      await latchkey.post('/introspect', { token }),
      await latchkey.post('/introspect', { token, client_id: 'web' }),
      await latchkey.post('/introspect', { token, client_id: 'resource-server' }),
      await latchkey.post('/introspect', { token, client_id: 'nobody' }),
      await introspect(token, 'resource-server:wrong'),
      await introspect(token, 'web:'),
    ]
    for (const { status, json, headers } of answers) {
      expect(json).to.include({ error: 'invalid_client' }).and.not.to.have.property('active')
      expect(status).to.equal(401)
      expect(headers.get('www-authenticate')).to.match(/^Basic realm=/)
    }
  })

  it('section 2.3: answers a bearer token with the challenge of RFC 6750 [INT-08]', async () => {
    const { access_token: token } = await latchkey.login()
    for (const bearer of ['garbage', token]) {
      const headers = { Authorization: `Bearer ${bearer}` }
      const answer = await latchkey.post('/introspect', { token }, { headers })
      expect([answer.status, answer.json.error]).to.deep.equal([401, 'invalid_token'])
      expect(answer.headers.get('www-authenticate')).to.match(/^Bearer realm=.*invalid_token/)
    }
  })

  it('section 2.2: tells a client of its own tokens, and a resource server of those for its APIs [INT-14 INT-04 INT-18]', async () => {
    const read = (await latchkey.login({ scope: 'read' })).access_token
    const peek = (await latchkey.login({ scope: 'peek' })).access_token
    const active = async (token: string, basic: string) => (await introspect(token, basic)).text
    for (const token of [read, peek]) {
      expect((await introspect(token)).json.active).to.equal(true)
      expect(await active(token, `app:${secret}`)).to.equal('{"active":false}')
    }
    expect((await introspect(peek, one)).json.active).to.equal(true)
    expect(await active(read, one)).to.equal('{"active":false}')

    const form = { grant_type: 'password', username: 'johndoe', password: 'secret' }
    const own = await latchkey.post('/token', form, { basic: `app:${secret}` })
    for (const token of [own.json.access_token, own.json.refresh_token]) {
      expect((await introspect(token, `app:${secret}`)).json.active).to.equal(true)
    }
    expect(await active(own.json.refresh_token, resourceServer)).to.equal('{"active":false}')
  })
})
