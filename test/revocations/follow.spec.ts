import { join } from 'node:path'
import { expect } from 'chai'
import { createVerifier, followRevocations } from '../../src/resource-server/index.ts'
import { openState } from '../../src/state/index.ts'
import type { State } from '../../src/state/state.ts'
import { claimIn } from '../parts/feed.ts'
import { type Latchkey, secret, startLatchkey } from '../parts/latchkey.ts'
import { protectedApis } from '../parts/protected-apis.ts'
import { startProxy } from '../parts/proxy.ts'
import { type RedisServer, startRedis } from '../parts/redis.ts'
import { tidied } from '../parts/tidy.ts'
import { until } from '../parts/until.ts'

type FollowOptions = Parameters<typeof followRevocations>[0]

/** An API that checks tokens by their signature and follows the feed: it asks the server nothing else. */
async function startApi(issuer: string, options: Partial<FollowOptions> = {}) {
  const jwks = `${issuer}/.well-known/jwks.json`
  const feed = followRevocations({ issuer, jwks, ...options })
  const { isRevoked } = feed
  const verifier = createVerifier({ issuer, audience: 'https://api.example', jwks, isRevoked })
  const api = await protectedApis.koa(verifier)
  return {
    feed,
    status: async (token: string) => {
      const answer = await fetch(api.url, { headers: { authorization: `Bearer ${token}` } })
      await answer.text()
      return answer.status
    },
    async close() {
      feed.close()
      await api.close()
    },
  }
}

const refused = (api: Awaited<ReturnType<typeof startApi>>, token: string) =>
  until(
    () => api.status(token),
    (status) => status === 401,
  )

describe('an API that follows revocations', () => {
  const kept = tidied()
  let redis: RedisServer
  let server: Latchkey
  let state: State
  let api: Awaited<ReturnType<typeof startApi>>

  before(async () => {
    redis = await startRedis()
    server = await startLatchkey({ state: redis.url })
    state = await openState({ url: redis.url })
    api = await startApi(server.issuer)
  })
  after(async () => {
    await api.close()
    await state.close()
    await server.stop()
    await redis.stop()
  })

  const token = async (clientId = 'web') => {
    const { access_token } = await server.login({ client_id: clientId })
    expect(await api.status(access_token)).to.equal(200)
    return access_token
  }
  /** A cut-off spares no second in part, so what is to outlive it waits for the next. */
  const nextSecond = () => {
    const end = (Math.floor(Date.now() / 1000) + 1) * 1000
    return until(Date.now, (now) => now >= end)
  }

  beforeEach(nextSecond)

  it('refuses a token, a login, a user, a client and everything once they are revoked, and nothing else', async () => {
    const [alone, other] = [await token(), await token()]
    await server.post('/revoke', { token: alone, client_id: 'web' })
    await refused(api, alone)
    const login = await server.login()
    await server.post('/revoke', { token: login.refresh_token, client_id: 'web' })
    await refused(api, login.access_token)
    const service = (
      await server.post(
        '/token',
        { grant_type: 'client_credentials', scope: 'read' },
        { basic: `service:${secret}` },
      )
    ).json.access_token
    expect(await api.status(service)).to.equal(200)
    expect(await api.status(other)).to.equal(200)

    await state.cutOff({ kind: 'user', sub: claimIn(other, 'sub') })
    await refused(api, other)
    expect(await api.status(service)).to.equal(200)
    await nextSecond()
    const next = await token('other-web')
    await state.cutOff({ kind: 'client', clientId: 'service' })
    await refused(api, service)
    expect(await api.status(next)).to.equal(200)
    await state.cutOff({ kind: 'everything' })
    await refused(api, next)
    await nextSecond()
    await token()
  })

  it('refuses the second in which a cut-off fell, as a whole', async () => {
    const first = await token()
    await nextSecond()
    const second = await token()
    const iat = Number(claimIn(second, 'iat')) * 1000
    await state.cutOff({ kind: 'user', sub: claimIn(second, 'sub') }, iat - 1)
    await refused(api, first)
    expect(await api.status(second)).to.equal(200)
    await state.cutOff({ kind: 'user', sub: claimIn(second, 'sub') }, iat)
    await refused(api, second)
  })

  it('begins with what was revoked before it was there', async () => {
    const access = await token()
    await server.post('/revoke', { token: access, client_id: 'web' })
    const late = kept(await startApi(server.issuer))
    expect(await late.status(access)).to.equal(401)
  })

  it('refuses what was issued before the store was emptied', async () => {
    const access = await token()
    await nextSecond()
    await redis.command('FLUSHALL')
    await refused(api, access)
    const late = kept(await startApi(server.issuer))
    expect(await late.status(access)).to.equal(401)
    await nextSecond()
    const { access_token } = await server.login()
    expect(await api.status(access_token)).to.equal(200)
  })

  it('hears from one instance what another revoked', async () => {
    const first = kept(await startLatchkey())
    const second = kept(
      await startLatchkey({
        state: `sqlite:${join(first.folder, 'state.sqlite')}`,
        keys: join(first.folder, 'keys'),
        issuer: first.issuer,
      }),
    )
    const follower = kept(
      await startApi(first.issuer, { url: `${second.service.url}/revocations` }),
    )
    const { access_token, refresh_token } = await first.login()
    expect(await follower.status(access_token)).to.equal(200)
    await first.post('/revoke', { token: refresh_token, client_id: 'web' })
    await refused(follower, access_token)
  })

  it('answers 503 once what it knows is not fresh, or goes on, as told; and is never wrong about what it knows', async () => {
    const proxy = kept(await startProxy(Number(new URL(server.issuer).port)))
    const url = `http://127.0.0.1:${proxy.port}/revocations`
    const strict = kept(await startApi(server.issuer, { url, staleness: 3 }))
    const lenient = kept(await startApi(server.issuer, { url, staleness: 3, onStale: 'accept' }))
    const [alive, dead] = [await token(), await token()]
    await server.post('/revoke', { token: dead, client_id: 'web' })
    for (const each of [strict, lenient]) {
      await refused(each, dead)
      expect(await each.status(alive)).to.equal(200)
      expect(each.feed.status()).to.include({ stale: false, failure: undefined })
      expect(each.feed.age()).to.be.within(0, 3)
    }
    proxy.cut()
    await until(
      () => [strict, lenient].map(({ feed }) => feed.status().stale),
      (stale) => stale.every(Boolean),
    )
    expect(await strict.status(alive)).to.equal(503)
    expect(await lenient.status(alive)).to.equal(200)
    for (const each of [strict, lenient]) {
      expect(await each.status(dead)).to.equal(401)
      expect(each.feed.status().failure).to.be.a('string')
    }
    proxy.heal()
    await until(
      () => strict.status(alive),
      (status) => status === 200,
    )
    await server.post('/revoke', { token: alive, client_id: 'web' })
    await refused(lenient, alive)
  })

  it('is not fresh when it never heard anything, and after it was closed', async () => {
    const deaf = kept(await startApi(server.issuer, { url: 'http://127.0.0.1:1/revocations' }))
    const access = await token()
    expect(await deaf.status(access)).to.equal(503)
    expect(deaf.feed.age()).to.equal(Number.POSITIVE_INFINITY)
    const closed = kept(await startApi(server.issuer, { staleness: 3 }))
    expect(await closed.status(access)).to.equal(200)
    closed.feed.close()
    await until(
      () => closed.status(access),
      (status) => status === 503,
    )
  })

  it('reads a log of several pages', async function () {
    this.timeout(60_000)
    const { access_token: token } = await server.login()
    const strangers = Array.from({ length: 5500 }, (_, index) => `stranger-${index}`)
    for (let begin = 0; begin < strangers.length; begin += 100) {
      const some = strangers.slice(begin, begin + 100)
      await Promise.all(some.map((stranger) => state.revokeToken(stranger, 60)))
    }
    await state.revokeToken(claimIn(token, 'jti'), 60)
    const late = await startApi(server.issuer)
    expect(await refused(late, token)).to.equal(401)
    expect(await refused(api, token)).to.equal(401)
    await late.close()
  })
})
