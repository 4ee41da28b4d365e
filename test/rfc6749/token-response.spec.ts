import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'chai'
import { hashSecret } from '../../src/clients/secrets.ts'
import {
  fixtureClients,
  type Latchkey,
  passwordGrant,
  secret,
  startLatchkey,
} from '../parts/latchkey.ts'

interface Jwt {
  readonly header: Record<string, unknown>
  readonly claims: Record<string, unknown>
}
const decode = (token: string): Jwt => {
  const [header, claims] = token
    .split('.')
    .slice(0, 2)
    .map((part) => JSON.parse(Buffer.from(part, 'base64url').toString()))
  return { header, claims }
}

describe('RFC 6749 section 5.1: the successful answer', () => {
  let server: Latchkey
  before(async () => {
    const mine = {
      secrets: [hashSecret(secret)],
      grants: ['password', 'refresh_token', 'client_credentials'],
    }
    server = await startLatchkey({
      clients: [
        ...fixtureClients,
        { id: 'long', ...mine, accessTokenLifetime: '1h' },
        { id: 'pss', ...mine, algorithm: 'PS256', apis: ['https://rsa.example'] },
        { id: 'later', ...mine, apis: ['https://opaque.example', 'https://api.example'] },
      ],
    })
  })
  after(() => server.stop())

  const everyGrant = async () => {
    const basic = `app:${secret}`
    const login = await server.post('/token', passwordGrant)
    const refresh = await server.post('/token', {
      grant_type: 'refresh_token',
      refresh_token: login.json.refresh_token,
      client_id: 'web',
    })
    const own = await server.post('/token', 'grant_type=client_credentials', { basic })
    const opaque = await server.post('/token', { ...passwordGrant, scope: 'peek' })
    return { login, refresh, own, opaque }
  }

  it('is 200 and JSON, with token and type, never cached [RES-01 RES-02 RES-05 RES-06 RES-08]', async () => {
    for (const [grant, { status, headers, json }] of Object.entries(await everyGrant())) {
      expect(status, grant).to.equal(200)
      expect(headers.get('content-type')).to.match(/^application\/json(; *charset=utf-8)?$/i)
      expect(headers.get('cache-control')).to.equal('no-store')
      expect(headers.get('pragma')).to.equal('no-cache')
      expect(json.access_token).to.be.a('string')
      expect(json.token_type).to.equal('Bearer')
    }
  })

  it('says how long the token lives, as a number [RES-03 RES-04]', async () => {
    for (const [grant, { text }] of Object.entries(await everyGrant())) {
      expect(text, grant).to.match(/"expires_in":[1-9][0-9]*[,}]/)
    }
  })

  it('says the scope wherever it differs from the one asked [RES-07 SCP-05]', async () => {
    const asked = async (scope?: string) =>
      (await server.login(scope === undefined ? {} : { scope })).scope
    expect(await asked()).to.equal('read write')
    expect(await asked('openid offline_access read')).to.equal('read')
    expect(await asked('openid')).to.equal('read write')
    expect(await asked('read read')).to.be.oneOf(['read', 'read read'])
    const { refresh_token: token } = await server.login({ scope: 'read' })
    const { json } = await server.post('/token', {
      grant_type: 'refresh_token',
      refresh_token: token,
      client_id: 'web',
    })
    expect(json.scope).to.equal('read')
  })

  it('holds tokens of printable characters that fit a Bearer header [RES-09]', async () => {
    for (const { json } of Object.values(await everyGrant())) {
      expect(json.access_token).to.match(/^[A-Za-z0-9._~+/-]+=*$/)
      if (json.refresh_token !== undefined) expect(json.refresh_token).to.match(/^[\x20-\x7e]+$/)
    }
  })

  it('has no member twice [RES-10]', async () => {
    for (const { text, json } of Object.values(await everyGrant())) {
      const names = [...text.matchAll(/"([a-z_]+)":/g)].map(([, name]) => name)
      expect(names).to.have.members(Object.keys(json))
    }
  })

  it('holds opaque tokens of 256 bits, and JWTs of 128 bits beside the signature [RES-11]', async () => {
    const { login, opaque } = await everyGrant()
    expect(Buffer.from(opaque.json.access_token, 'base64url')).to.have.lengthOf(32)
    const { jti } = decode(login.json.access_token).claims
    expect(Buffer.from(String(jti), 'base64url')).to.have.lengthOf(16)
  })

  it('holds tokens of the sizes that README.md tells [RES-12]', async () => {
    const readme = await readFile(join(import.meta.dirname, '../../README.md'), 'utf8')
    const told =
      /access token has (\d+) to (\d+) characters,[^.;]*? a refresh token (\d+) to (\d+),\s+an opaque access token (\d+)/
    const [least = 0, most, shortest = 0, longest, opaqueSize] =
      told.exec(readme)?.slice(1).map(Number) ?? []
    const { login, opaque } = await everyGrant()
    const { access_token: rsa } = await server.login({ scope: 'sum' })
    expect(login.json.access_token.length).to.be.within(least, most ?? 0)
    expect(rsa.length).to.be.within(least, most ?? 0)
    expect(opaque.json.access_token.length).to.equal(opaqueSize)
    expect(login.json.refresh_token.length).to.be.within(shortest, longest ?? 0)
  })

  it('gives no more than is needed: one audience, few minutes [RES-13 BCP-02 BCP-08]', async () => {
    const { login, own } = await everyGrant()
    for (const { json } of [login, own]) {
      const { aud } = decode(json.access_token).claims
      expect(aud).to.equal('https://api.example')
      expect(json.expires_in).to.equal(300)
    }
    expect(decode(login.json.access_token).claims.scope).to.equal('read write')
  })

  it('is an opaque token where the API wants one, good at introspection alone', async () => {
    const login = await server.login({ scope: 'peek' })
    expect(login.access_token).not.to.include('.')
    const basic = `resource-server:${secret}`
    const ask = async (token: string) =>
      (await server.post('/introspect', { token }, { basic })).json
    expect(await ask(login.access_token)).to.include({
      active: true,
      aud: 'https://opaque.example',
      scope: 'peek',
      client_id: 'web',
      username: 'johndoe',
    })
    const answer = await fetch(`${server.issuer}/users/me`, {
      headers: { Authorization: `Bearer ${login.access_token}` },
    })
    expect(answer.status).to.equal(401)
    const refreshed = await server.post('/token', {
      grant_type: 'refresh_token',
      refresh_token: login.refresh_token,
      client_id: 'web',
    })
    expect(refreshed.json.access_token).to.match(/^[\w-]{43}$/)
    await server.post('/revoke', { token: login.access_token, client_id: 'web' })
    expect(await ask(login.access_token)).to.deep.equal({ active: false })
    expect(await ask(refreshed.json.access_token)).to.include({ active: true })
    await server.post('/revoke', { token: refreshed.json.refresh_token, client_id: 'web' })
    expect(await ask(refreshed.json.access_token)).to.deep.equal({ active: false })
  })

  it('is an opaque token of a client too, gone when it is revoked', async () => {
    const basic = `later:${secret}`
    const form = 'grant_type=client_credentials'
    const { json } = await server.post('/token', form, { basic })
    expect(json.access_token).to.match(/^[\w-]{43}$/)
    const token = { token: json.access_token }
    const before = await server.post('/introspect', token, { basic })
    expect(before.json).to.include({ active: true, sub: 'later', client_id: 'later' })
    expect((await server.post('/revoke', token, { basic })).status).to.equal(200)
    expect((await server.post('/introspect', token, { basic })).json).to.deep.equal({
      active: false,
    })
  })

  it('is signed as the API wants it, or as the client wants it', async () => {
    const keys = JSON.parse(
      await (await fetch(`${server.issuer}/.well-known/jwks.json`)).text(),
    ).keys
    const kidOf = (alg: string) => keys.filter((key: { alg: string }) => key.alg === alg)
    const tokens = {
      ES256: (await server.login()).access_token,
      RS256: (await server.login({ scope: 'sum' })).access_token,
      PS256: (
        await server.post('/token', 'grant_type=client_credentials', { basic: `pss:${secret}` })
      ).json.access_token,
    }
    for (const [alg, token] of Object.entries(tokens)) {
      const { header } = decode(token)
      expect(header.alg).to.equal(alg)
      expect(kidOf(alg).map(({ kid }: { kid: string }) => kid)).to.include(header.kid)
    }
    const { aud } = decode(tokens.RS256).claims
    expect(aud).to.equal('https://rsa.example')
  })

  it('lives as long as the client has it, over its refreshes too', async () => {
    const basic = `long:${secret}`
    const { client_id: _, ...form } = passwordGrant
    const login = await server.post('/token', form, { basic })
    expect(login.json.expires_in).to.equal(3600)
    const refreshed = await server.post(
      '/token',
      { grant_type: 'refresh_token', refresh_token: login.json.refresh_token },
      { basic },
    )
    expect(refreshed.json.expires_in).to.equal(3600)
    const { iat, exp } = decode(refreshed.json.access_token).claims
    expect(Number(exp) - Number(iat)).to.equal(3600)
  })
})
