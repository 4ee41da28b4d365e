import { expect } from 'chai'
import { createCanary } from '../parts/canary.ts'
import { cheaply, type Latchkey, passwordGrant, secret, startLatchkey } from '../parts/latchkey.ts'

const canary = 'canary-5up3r-s3cr3t'
const app = { basic: `app:${secret}` }

describe('RFC 6749 section 10.7: what the log never says', () => {
  let server: Latchkey
  before(async () => {
    server = await startLatchkey({
      throttle: { account: { free: 3 }, known: { free: 3 }, secret: { limit: 3 } },
    })
    await server.accounts.add({ username: 'bird', hash: await cheaply(canary) })
    await server.accounts.add({ username: 'odd', hash: '$argon2id$v=19$m=1,t=1,p=1$nonsense' })
  })
  after(() => server.stop())

  const text = () => server.log.map((line) => JSON.stringify(line)).join('\n')

  it('are passwords, tokens, secrets and hashes, wherever they were sent [ROP-13 ERR-09 JAT-19]', async () => {
    const bird = { ...passwordGrant, username: 'bird', password: canary }
    const { access_token: token, refresh_token: refresh } = await server.login(bird)
    const next = { grant_type: 'refresh_token', refresh_token: refresh, client_id: 'web' }
    const refreshed = await server.post('/token', next)
    await server.post('/token', next)
    const own = await server.post('/token', 'grant_type=client_credentials', app)
    const opaque = await server.login({ ...bird, scope: 'peek' })
    const requests: [string, Record<string, string> | string, object?][] = [
      ['/token', { ...passwordGrant, password: canary }],
      ['/token', { ...bird, username: canary }],
      ['/token', { ...passwordGrant, username: 'odd', password: canary }],
      ['/token', { ...bird, client_id: canary }],
      ['/token', { ...bird, client_secret: canary }],
      ['/token', { ...bird, scope: canary, resource: canary }],
      ['/token', { grant_type: canary, client_id: 'web' }],
      ['/token', `password=${canary}&password=${canary}&client_id=web`],
      ['/token', `password=${canary}%zz`],
      ['/token', `{"password":"${canary}"}`, { headers: { 'Content-Type': 'application/json' } }],
      [`/token?password=${canary}`, bird],
      ['/token', 'grant_type=client_credentials', { basic: `app:${canary}` }],
      ['/token', 'grant_type=client_credentials', { basic: `${canary}:${canary}` }],
      ['/token', 'grant_type=x', { headers: { Authorization: `Bearer ${token}` } }],
      ['/token', 'grant_type=x', { headers: { Authorization: canary } }],
      ['/token', `${canary}=${canary}`.repeat(5000)],
      ['/introspect', { token }, app],
      ['/introspect', { token: opaque.access_token }, app],
      ['/introspect', { token: canary }, { basic: `app:${canary}` }],
      ['/revoke', { token: `${token}x`, client_id: 'web' }],
      ['/revoke', { token, client_id: 'other-web' }],
      ['/revoke', { token: opaque.access_token, client_id: 'web' }],
      ['/revoke', { token: opaque.refresh_token, client_id: 'web' }],
    ]
    for (const [path, form, options] of requests) {
      const { status } = await server.post(path, form, options)
      expect(status, JSON.stringify(form).slice(0, 80)).to.be.below(500)
    }
    for (let count = 0; count < 5; count++) {
      await server.post('/token', { ...bird, password: `${canary}!` })
      await server.post('/token', 'x=y', { basic: `service:${canary}` })
    }
    for (const bearer of [token, refresh, canary, opaque.access_token]) {
      const headers = { Authorization: `Bearer ${bearer}`, Cookie: canary, 'User-Agent': canary }
      await fetch(`${server.issuer}/users/me?access_token=${bearer}`, { headers })
    }

    const said = text()
    expect(said).to.include('token.issued').and.include('token.refused').and.include('throttled')
    for (const [what, value] of Object.entries({
      canary,
      token,
      refresh,
      successor: refreshed.json.refresh_token,
      own: own.json.access_token,
      opaque: opaque.access_token,
      secret,
      signature: token.split('.')[2] ?? '',
      authorization: btoa(`app:${secret}`),
      hash: '$argon2',
      stored: '$sha256$',
    })) {
      expect(said.includes(value), what).to.equal(false)
    }
  })

  it('is looked for after every spec that uses the fixture', () => {
    const watch = createCanary()
    watch.sent(new URLSearchParams({ password: canary, username: 'bird' }), `app:${secret}`)
    watch.answered({ access_token: 'an-access-token', token_type: 'Bearer' })
    for (const leak of [canary, secret, 'an-access-token', '$argon2id$v=19$x']) {
      expect(watch.found(['harmless', `a line with ${leak} in it`]), leak).to.have.lengthOf(1)
    }
    expect(watch.found(['bird', 'Bearer', 'app'])).to.deep.equal([])
  })

  it('leaves what an operator needs: who, what, why, and the id of the request', async () => {
    const { headers } = await server.post('/token', { ...passwordGrant, password: 'wrong' })
    const id = headers.get('x-request-id')
    const audit = server.log.find((line) => line.id === id && line.log === 'audit')
    expect(audit).to.include({ event: 'token.refused', client: 'web', error: 'invalid_grant' })
    expect(audit).to.include({ reason: 'wrong password', address: '127.0.0.1' })
    const request = server.log.find((line) => line.id === id && line.log === 'request')
    expect(request).to.include({ method: 'POST', path: '/token', status: 400 })
  })
})
