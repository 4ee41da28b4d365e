import { expect } from 'chai'
import { type Latchkey, passwordGrant, secret, startLatchkey } from '../parts/latchkey.ts'
import { startRedis } from '../parts/redis.ts'

describe('RFC 9700 section 2.6: browser clients', () => {
  const origin = 'https://web.example'
  let latchkey: Latchkey

  before(async () => {
    latchkey = await startLatchkey()
  })

  after(() => latchkey.stop())

  const allowed = ({ headers }: { headers: Headers }) => headers.get('access-control-allow-origin')
  const preflight = (path: string, Origin: string, method = 'POST') =>
    fetch(latchkey.issuer + path, {
      method: 'OPTIONS',
      headers: {
        Origin,
        'Access-Control-Request-Method': method,
        'Access-Control-Request-Headers': 'authorization, content-type, dpop',
      },
    })
  const login = (Origin: string, form: object = {}) =>
    latchkey.post('/token', { ...passwordGrant, ...form }, { headers: { Origin } })

  it('a preflight from the origin of a client is answered, and issues nothing [COR-01 COR-02 HTTP-10]', async () => {
    for (const path of ['/token', '/revoke', '/introspect', '/users/me']) {
      const method = path === '/users/me' ? 'GET' : 'POST'
      const response = await preflight(path, origin, method)
      expect(response.status, path).to.equal(204)
      expect(allowed(response), path).to.equal(origin)
      expect(response.headers.get('access-control-allow-methods'), path).to.include(method)
      const headers = response.headers.get('access-control-allow-headers')?.split(', ')
      expect(headers, path).to.include.members(['authorization', 'content-type', 'dpop'])
      expect(await response.text()).to.equal('')
    }
  })

  it('an answer goes to the origins of the client that asks, on any port of loopback [COR-01]', async () => {
    for (const good of [
      origin,
      'http://localhost',
      'http://localhost:5173',
      'http://localhost:65535',
    ]) {
      const answer = await login(good)
      expect(answer.status, good).to.equal(200)
      expect(allowed(answer), good).to.equal(good)
    }
  })

  it('and to no other origin, however alike [COR-05]', async () => {
    for (const bad of [
      'https://evil.example',
      'http://web.example',
      'https://web.example:8443',
      'https://web.example.evil.example',
      'https://localhost:5173',
      'http://localhost.evil.example',
      'http://localhost:5173.evil.example',
      'http://127.0.0.1:5173',
      'null',
      '*',
      '',
    ]) {
      expect(allowed(await login(bad)), bad).to.equal(null)
      expect(allowed(await preflight('/token', bad)), bad).to.equal(null)
    }
  })

  it('the origin of one client does not read the answers to another [COR-01 COR-05]', async () => {
    expect(allowed(await login(origin, { client_id: 'other-web' }))).to.equal(null)
  })

  it('errors may be read as well, whoever noticed them [COR-03]', async () => {
    const headers = { Origin: origin }
    const answers = {
      'wrong password': await login(origin, { password: 'wrong' }),
      'unknown grant': await login(origin, { grant_type: 'x' }),
      'no client': await latchkey.post('/token', 'grant_type=password', { headers }),
      'unknown client': await login(origin, { client_id: 'nobody' }),
      'wrong secret': await login(origin, { client_secret: 'wrong' }),
      repeated: await latchkey.post('/token', 'scope=a&scope=b', { headers }),
      'too large': await latchkey.post('/token', `password=${'x'.repeat(100_000)}`, { headers }),
      'a bad proof': await latchkey.post('/token', passwordGrant, {
        headers: { ...headers, DPoP: 'x' },
      }),
      JSON: await latchkey.post('/token', '{}', {
        headers: { ...headers, 'Content-Type': 'application/json' },
      }),
    }
    for (const [what, answer] of Object.entries(answers)) {
      expect(answer.status, what).to.be.within(400, 413)
      expect(allowed(answer), what).to.equal(origin)
    }
    const me = await fetch(`${latchkey.issuer}/users/me`, { headers })
    expect([me.status, allowed(me)]).to.deep.equal([401, origin])
  })

  it('so may 429 and 503 [COR-03 COR-06]', async () => {
    const redis = await startRedis()
    const throttle = { account: { free: 1 } }
    const strict = await startLatchkey({ state: redis.url, throttle })
    try {
      const ask = () =>
        strict.post('/token', { ...passwordGrant, password: 'no' }, { headers: { Origin: origin } })
      const answers = [await ask(), await ask()]
      await redis.kill()
      answers.push(await ask())
      expect(answers.map(({ status }) => status)).to.deep.equal([400, 429, 503])
      for (const answer of answers) {
        expect(allowed(answer)).to.equal(origin)
        expect(answer.headers.get('access-control-expose-headers')).to.match(/Retry-After/)
      }
    } finally {
      await strict.stop()
      await redis.stop()
    }
  })

  it('every answer to an origin says that it depends on it [COR-04]', async () => {
    for (const Origin of [origin, 'https://evil.example']) {
      for (const answer of [await login(Origin), await login(Origin, { password: 'wrong' })]) {
        expect(answer.headers.get('vary'), Origin).to.match(/\bOrigin\b/)
      }
      expect((await preflight('/token', Origin)).headers.get('vary')).to.match(/\bOrigin\b/)
    }
  })

  it('no answer allows credentials [COR-05]', async () => {
    const documents = ['/.well-known/jwks.json', '/.well-known/oauth-authorization-server']
    const answers = [
      await login(origin),
      await preflight('/token', origin),
      ...(await Promise.all(
        documents.map((path) => fetch(latchkey.issuer + path, { headers: { Origin: origin } })),
      )),
    ]
    for (const { headers } of answers) {
      expect(headers.has('access-control-allow-credentials')).to.equal(false)
    }
  })

  it('a page may read the challenge, the nonce and when to try again [COR-06]', async () => {
    const { headers } = await login(origin, { password: 'wrong' })
    const exposed = headers.get('access-control-expose-headers')?.split(', ')
    expect(exposed).to.include.members(['WWW-Authenticate', 'DPoP-Nonce', 'Retry-After'])
  })

  it('metadata and keys may be read by everybody [COR-01 BCP-03]', async () => {
    for (const path of [
      '/.well-known/jwks.json',
      '/.well-known/oauth-authorization-server',
      '/.well-known/openid-configuration',
    ]) {
      const Origin = 'https://evil.example'
      const response = await fetch(latchkey.issuer + path, { headers: { Origin } })
      expect(allowed(response), path).to.equal('*')
      expect((await preflight(path, Origin, 'GET')).status, path).to.equal(204)
    }
  })

  it('nothing is sniffed, framed or referred from [COR-07]', async () => {
    for (const path of ['/users/me', '/.well-known/jwks.json', '/nowhere']) {
      const { headers } = await fetch(latchkey.issuer + path)
      expect(headers.get('x-content-type-options'), path).to.equal('nosniff')
    }
    for (const answer of [await login(origin), await login(origin, { grant_type: 'x' })]) {
      expect(answer.headers.get('x-content-type-options')).to.equal('nosniff')
      expect(answer.headers.get('content-security-policy')).to.include("frame-ancestors 'none'")
    }
  })

  it('a confidential client has no origin, and its answers are read by no page [COR-05]', async () => {
    const answer = await latchkey.post(
      '/token',
      { grant_type: 'client_credentials' },
      { basic: `app:${secret}`, headers: { Origin: origin } },
    )
    expect(answer.status).to.equal(200)
    expect(allowed(answer)).to.equal(null)
  })
})
