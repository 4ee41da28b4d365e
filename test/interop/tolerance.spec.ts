import { expect } from 'chai'
import { hashSecret } from '../../src/clients/secrets.ts'
import { readChallenges } from '../parts/challenge.ts'
import {
  type Answer,
  cheaply,
  fixtureClients,
  type Latchkey,
  passwordGrant,
  secret,
  startLatchkey,
} from '../parts/latchkey.ts'

/** What base64 makes of random octets, as many servers have given out. */
const base64ish = 'q83+7/4Bz1o+Rk0vYQ/9aA=='
const app = { basic: `app:${secret}` }

const claims = (token: string) =>
  JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString())
const getJson = async (url: string) => JSON.parse(await (await fetch(url)).text())

describe('What client libraries and resource servers need', () => {
  let server: Latchkey
  before(async () => {
    server = await startLatchkey({
      clients: [
        ...fixtureClients,
        { id: 'base64', grants: ['client_credentials'], secrets: [hashSecret(base64ish)] },
      ],
    })
    await server.accounts.add({ username: 'jo@example.com', hash: await cheaply('a b&c+d%e') })
  })
  after(() => server.stop())

  const ok = ({ status, text }: Answer) => expect(status, text).to.equal(200)
  const refresh = (token: string, more = '') =>
    server.post('/token', `grant_type=refresh_token&refresh_token=${token}&client_id=web${more}`)

  describe('first of all', () => {
    it('revocation answers JSON (simple-oauth2, oidc-client-ts, @badgateway/oauth2-client)', async () => {
      const { access_token: token } = await server.login()
      for (const value of [token, token, 'unknown', 'ey.unknown.x']) {
        const answer = await server.post('/revoke', { token: value, client_id: 'web' })
        ok(answer)
        expect(answer.headers.get('content-type')).to.match(/^application\/json/)
        expect(answer.text).to.equal('{}')
      }
    })

    it('access tokens can be revoked (simple-oauth2, oidc-client-ts, angular-oauth2-oidc)', async () => {
      const { access_token: token, refresh_token: other } = await server.login()
      ok(await server.post('/revoke', { token, token_type_hint: 'access_token', client_id: 'web' }))
      ok(await refresh(other))
    })

    it('Accept decides nothing (Java, Perl, Go, node-oauth)', async () => {
      const java = 'text/html, image/gif, image/jpeg, */*; q=0.2'
      const answer = await server.post('/token', passwordGrant, { headers: { Accept: java } })
      ok(answer)
      expect(answer.headers.get('content-type')).to.match(/^application\/json/)
    })

    it('introspected tokens of clients have a sub (mod_oauth2, mod_auth_openidc)', async () => {
      const own = await server.post('/token', 'grant_type=client_credentials', app)
      const { json } = await server.post('/introspect', { token: own.json.access_token }, app)
      expect(json).to.include({ active: true, sub: 'app', client_id: 'app' })
    })

    it('a fresh key has a fresh kid (every resource server that caches)', async () => {
      const other = await startLatchkey()
      try {
        const sets = await Promise.all(
          [server, other].map(({ issuer }) => getJson(`${issuer}/.well-known/jwks.json`)),
        )
        const kids = sets.flatMap(({ keys }) => keys.map(({ kid }: { kid: string }) => kid))
        expect(new Set(kids).size).to.equal(kids.length)
      } finally {
        await other.stop()
      }
    })
  })

  describe('Basic authentication', () => {
    const grant = 'grant_type=client_credentials'
    const escapeAll = (text: string) =>
      [...text]
        .map((c) => (/[A-Za-z0-9]/.test(c) ? c : `%${c.charCodeAt(0).toString(16).toUpperCase()}`))
        .join('')

    it('form-encoded (openid-client, oauth4webapi, simple-oauth2, x/oauth2)', async () => {
      ok(await server.post('/token', grant, { basic: `base64:${encodeURIComponent(base64ish)}` }))
    })

    it('form-encoded down to - and _ (@badgateway/oauth2-client)', async () => {
      ok(await server.post('/token', grant, { basic: `base64:${escapeAll(base64ish)}` }))
      ok(await server.post('/token', grant, { basic: `app:${escapeAll(secret)}` }))
    })

    it('raw, even where it looks encoded (requests-oauthlib, Authlib, curl, Java, oidc-client-ts)', async () => {
      ok(await server.post('/token', grant, { basic: `base64:${base64ish}` }))
    })

    it('with no secret, for a public client (requests-oauthlib, x/oauth2, Swagger UI)', async () => {
      const { client_id: _, ...form } = passwordGrant
      ok(await server.post('/token', form, { basic: 'web:' }))
      ok(await server.post('/token', passwordGrant, { basic: 'web:' }))
      const { json } = await server.post('/token', form, { basic: 'web:' })
      ok(await server.post('/revoke', { token: json.refresh_token }, { basic: 'web:' }))
    })

    it('with an empty client_secret in the body, for a public client (ruby oauth2)', async () => {
      ok(await server.post('/token', { ...passwordGrant, client_secret: '' }))
      const confidential = { ...passwordGrant, client_id: 'app', client_secret: '' }
      expect((await server.post('/token', confidential)).status).to.equal(401)
    })
  })

  describe('requests to tolerate', () => {
    it('a charset in the type (openid-client, Authlib, requests-oauthlib, Java)', async () => {
      for (const charset of [';charset=UTF-8', '; charset=utf-8', ';charset="UTF-8"']) {
        const headers = { 'Content-Type': `application/x-www-form-urlencoded${charset}` }
        ok(await server.post('/token', passwordGrant, { headers }))
      }
    })

    it('empty and unknown parameters (node-oauth, Net::OAuth2, requests-oauthlib)', async () => {
      ok(await server.post('/token', { ...passwordGrant, code: '', redirect_uri: '' }))
      const { refresh_token: token } = await server.login()
      ok(await refresh(token, '&allow_redirects=True&code='))
    })

    it('scope at a refresh, as it was asked or answered (Authlib, oidc-client-ts, oidc-agent)', async () => {
      const asked = await server.login({ scope: 'write read' })
      expect(asked.scope ?? 'write read').to.equal('write read')
      const once = await refresh(asked.refresh_token, '&scope=write+read')
      ok(once)
      ok(await refresh(once.json.refresh_token, `&scope=${encodeURIComponent('read write')}`))
      const unasked = await server.login()
      ok(await refresh(unasked.refresh_token, `&scope=${encodeURIComponent(unasked.scope)}`))
    })

    it('openid and offline_access that nobody asked for, at a refresh too (oidc-agent)', async () => {
      const login = await server.login({ scope: 'openid offline_access read' })
      const answer = await refresh(login.refresh_token, '&scope=openid+offline_access+read')
      ok(answer)
      expect(claims(answer.json.access_token).scope).to.equal('read')
    })

    it('a token_type_hint that is wrong or unknown (@badgateway/oauth2-client)', async () => {
      for (const hint of ['access_token', 'refresh_token', 'id_token', 'nonsense']) {
        const { refresh_token: token, access_token: other } = await server.login()
        const { json } = await server.post(
          '/introspect',
          { token: other, token_type_hint: hint },
          {
            basic: `resource-server:${secret}`,
          },
        )
        expect(json.active, hint).to.equal(true)
        ok(await server.post('/revoke', { token, token_type_hint: hint, client_id: 'web' }))
        expect((await refresh(token)).json.error, hint).to.equal('invalid_grant')
      }
    })

    it('every failed request twice (x/oauth2 with AutoDetect)', async () => {
      const throttled = await startLatchkey({ throttle: {} })
      const attempt = async (password: string) => {
        const form = { ...passwordGrant, password }
        const { client_id: _, ...bare } = form
        const header = await throttled.post('/token', bare, { basic: 'web:' })
        return header.status === 200 ? header : throttled.post('/token', form)
      }
      try {
        for (const typo of ['secre', 'Secret', 'secrrt']) {
          expect((await attempt(typo)).json.error).to.equal('invalid_grant')
        }
        ok(await attempt('secret'))
      } finally {
        await throttled.stop()
      }
    })

    it('names and passwords with what URLs reserve (all that encode)', async () => {
      const form = { ...passwordGrant, username: 'jo@example.com', password: 'a b&c+d%e' }
      ok(await server.post('/token', form))
    })
  })

  describe('answers they need', () => {
    it('token_type, and expires_in as a number (Java, iddawc)', async () => {
      const login = await server.login()
      const answers = [login, (await refresh(login.refresh_token)).json]
      for (const answer of answers) {
        expect(answer.token_type).to.match(/^bearer$/i)
        expect(answer.expires_in).to.be.a('number')
      }
    })

    it('scope as it was asked, where it was granted (requests-oauthlib, oidc-client-ts)', async () => {
      for (const scope of ['read', 'read write', 'write read']) {
        expect((await server.login({ scope })).scope ?? scope).to.equal(scope)
      }
    })

    it('a new refresh token with every refresh (simple-oauth2)', async () => {
      const login = await server.login()
      const { json } = await refresh(login.refresh_token)
      expect(json.refresh_token).to.be.a('string').and.not.equal(login.refresh_token)
    })

    it('the code of a 401 in its challenge as well (openid-client, oauth4webapi, Java)', async () => {
      const answer = await server.post('/token', 'grant_type=x', { basic: 'app:wrong' })
      expect(answer.status).to.equal(401)
      expect(answer.json.error).to.equal('invalid_client')
      const [challenge] = readChallenges(answer.headers.get('www-authenticate'))
      expect(challenge?.scheme).to.equal('basic')
      expect(challenge?.parameters.error).to.equal('invalid_client')
    })

    it('JWTs with a type, a kid and the claims of RFC 9068, scope in one order (mod_oauth2)', async () => {
      const { access_token: token } = await server.login({ scope: 'write read' })
      const header = JSON.parse(Buffer.from(token.split('.')[0] ?? '', 'base64url').toString())
      expect(header).to.have.all.keys('alg', 'kid', 'typ').and.include({ typ: 'at+jwt' })
      expect(claims(token)).to.include.keys('iss', 'sub', 'aud', 'client_id', 'jti', 'iat', 'exp')
      expect(claims(token).scope).to.equal('read write')
    })

    it('a JWK Set with kid, alg and use on every key, whatever Accept says (get-jwks)', async () => {
      const url = `${server.issuer}/.well-known/jwks.json`
      const plain = await getJson(url)
      for (const key of plain.keys) {
        expect(key).to.include({ use: 'sig' }).and.include.keys('kid', 'alg')
      }
      for (const accept of ['application/jwk-set+json', 'application/jwk+json', 'text/html']) {
        const answer = await fetch(url, { headers: { Accept: accept } })
        expect(answer.status, accept).to.equal(200)
        expect(await answer.json()).to.deep.equal(plain)
      }
    })

    it('introspection with all that a resource server reads (mod_oauth2, django-oauth-toolkit)', async () => {
      const { access_token: token } = await server.login({ scope: 'read' })
      const { json } = await server.post(
        '/introspect',
        { token },
        {
          basic: `resource-server:${secret}`,
        },
      )
      expect(json).to.include({
        active: true,
        iss: server.issuer,
        aud: 'https://api.example',
        scope: 'read',
        client_id: 'web',
        username: 'johndoe',
      })
      expect(json.exp).to.be.a('number')
      expect(json.sub).to.be.a('string')
    })
  })
})
