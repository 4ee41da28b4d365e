import { expect } from 'chai'
import { createVerifier } from '../../src/resource-server/index.ts'
import { readChallenges } from '../parts/challenge.ts'
import { type Latchkey, secret, startLatchkey } from '../parts/latchkey.ts'
import { type Api, protectedApis } from '../parts/protected-apis.ts'
import { exchange } from '../parts/raw-socket.ts'

describe('RFC 6750: bearer tokens at GET /users/me', () => {
  let latchkey: Latchkey
  let token: string
  let refreshToken: string

  before(async () => {
    latchkey = await startLatchkey()
    const login = await latchkey.login({ scope: 'read' })
    token = login.access_token
    refreshToken = login.refresh_token
  })

  after(() => latchkey.stop())

  const send = (lines: readonly string[], target = '/users/me', method = 'GET', body = '') =>
    exchange(
      latchkey.service.url,
      [`${method} ${target} HTTP/1.1`, 'Host: x', 'Connection: close', ...lines, '', body].join(
        '\r\n',
      ),
    )
  const get = (authorization: string) => send([`Authorization: ${authorization}`])
  const challengeOf = ({ headers }: Awaited<ReturnType<typeof send>>) =>
    readChallenges(headers.get('www-authenticate')?.join(', '))[0]

  it('section 2.1: takes the token in the Authorization header [BEA-01]', async () => {
    const answer = await get(`Bearer ${token}`)
    expect(answer.status).to.equal(200)
    expect(answer.json).to.deep.equal({
      username: 'johndoe',
      email: 'johndoe@example.com',
      full_name: 'John Doe',
      disabled: false,
    })
    expect(answer.headers.get('cache-control')).to.deep.equal(['no-store'])
  })

  it('section 2.1: takes the scheme in any case and several spaces, and no other characters [BEA-02 BEA-07 HTTP-04]', async () => {
    for (const good of [`bearer ${token}`, `BEARER ${token}`, `Bearer   ${token}`]) {
      expect((await get(good)).status, good).to.equal(200)
    }
    for (const bad of ['Bearer', `Bearer "${token}"`, `Bearer ${token},`, `Bearer ${token} x`]) {
      const answer = await get(bad)
      expect(answer.status, bad).to.equal(400)
      expect(answer.json.error, bad).to.equal('invalid_request')
    }
  })

  it('section 3: answers no token with a bare challenge [BEA-03 BEA-04 HTTP-02]', async () => {
    for (const lines of [[], ['Authorization: Basic d2ViOg=='], ['Authorization: Negotiate x']]) {
      const answer = await send(lines)
      expect(answer.status).to.equal(401)
      const challenge = challengeOf(answer)
      expect(challenge?.scheme).to.equal('bearer')
      expect(challenge?.parameters.realm).to.equal(latchkey.issuer)
      expect(challenge?.parameters).not.to.have.any.keys('error', 'error_description', 'scope')
    }
  })

  it('section 3.1: answers a bad token with invalid_token, in allowed characters, once [BEA-05 BEA-08]', async () => {
    for (const bad of ['garbage', 'a.b.c', refreshToken, `${token.slice(0, -4)}AAAA`, 'x==']) {
      const answer = await get(`Bearer ${bad}`)
      expect(answer.status, bad).to.equal(401)
      expect(answer.json.error, bad).to.equal('invalid_token')
      // The reader of challenges throws on a parameter given twice, and on what is no quoted-string.
      const parameters = challengeOf(answer)?.parameters ?? {}
      expect(parameters).to.include({ error: 'invalid_token', realm: latchkey.issuer })
      for (const value of [parameters.error, parameters.error_description]) {
        expect(value).to.match(/^[\x20-\x21\x23-\x5b\x5d-\x7e]+$/)
      }
    }
  })

  it('section 3.1: answers two tokens with invalid_request [BEA-07]', async () => {
    const field = `Authorization: Bearer ${token}`
    for (const answer of [
      await send([field, field]),
      await send([field], `/users/me?access_token=${token}`),
    ]) {
      expect([answer.status, answer.json.error]).to.deep.equal([400, 'invalid_request'])
    }
  })

  it('sections 2.2 and 2.3: takes no token from the query or the body [BEA-09 BEA-10]', async () => {
    const form = `access_token=${token}`
    const type = 'Content-Type: application/x-www-form-urlencoded'
    expect((await send([], `/users/me?${form}`)).status).to.equal(401)
    const body = [type, `Content-Length: ${form.length}`]
    expect((await send(body, '/users/me', 'GET', form)).status).to.equal(401)
    expect((await send(body, '/users/me', 'POST', form)).status).to.equal(405)
  })

  it('RFC 9068 section 4: takes tokens for itself alone, and of a user [BEA-11 BEA-12]', async () => {
    const other = await latchkey.login({ resource: 'https://rsa.example' })
    expect((await get(`Bearer ${other.access_token}`)).status).to.equal(401)
    const opaque = await latchkey.login({ scope: 'peek' })
    expect((await get(`Bearer ${opaque.access_token}`)).status).to.equal(401)
    const form = { grant_type: 'client_credentials' }
    const machine = await latchkey.post('/token', form, { basic: `app:${secret}` })
    const answer = await get(`Bearer ${machine.json.access_token}`)
    expect(answer.status).to.equal(401)
    expect(challengeOf(answer)?.parameters.error).to.equal('invalid_token')
  })

  describe('at an API of somebody else', () => {
    let api: Api

    before(async () => {
      const verifier = createVerifier({ issuer: latchkey.issuer, audience: 'https://api.example' })
      api = await protectedApis.express(verifier, {
        scopes: ['write'],
        resourceMetadata: 'https://api.example/.well-known/oauth-protected-resource',
      })
    })

    after(() => api.close())

    const ask = (Authorization?: string) =>
      fetch(`${api.url}/users/me`, {
        headers: Authorization === undefined ? {} : { Authorization },
      })

    it('section 3.1: too little scope is 403, and says what is needed [BEA-06 BEA-12]', async () => {
      const response = await ask(`Bearer ${token}`)
      expect(response.status).to.equal(403)
      const [challenge] = readChallenges(response.headers.get('www-authenticate'))
      expect(challenge?.parameters).to.include({ error: 'insufficient_scope', scope: 'write' })
      const { access_token } = await latchkey.login({ scope: 'write' })
      expect((await ask(`Bearer ${access_token}`)).status).to.equal(200)
    })

    it('RFC 9728 section 5.1: the challenge says where the metadata of the API are [BEA-17]', async () => {
      const response = await ask()
      expect(response.status).to.equal(401)
      const [challenge] = readChallenges(response.headers.get('www-authenticate'))
      expect(challenge?.parameters.resource_metadata).to.equal(
        'https://api.example/.well-known/oauth-protected-resource',
      )
    })
  })
})
