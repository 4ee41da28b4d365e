import { expect } from 'chai'
import { openState } from '../../src/state/index.ts'
import { claimIn, digestOf, readFeed } from '../parts/feed.ts'
import { startLatchkey } from '../parts/latchkey.ts'
import { startProxy } from '../parts/proxy.ts'
import { startRedis } from '../parts/redis.ts'
import { tidied } from '../parts/tidy.ts'
import { until } from '../parts/until.ts'

describe('a cut-off while a refresh is under way', () => {
  const kept = tidied()

  it('ends the access token too, for APIs that follow the feed', async () => {
    const redis = kept(await startRedis())
    const proxy = kept(await startProxy(redis.port))
    const url = `redis://127.0.0.1:${proxy.port}`
    const server = kept(await startLatchkey({ state: { url, timeout: 5000 } }))
    const direct = kept(await openState({ url: redis.url }))
    const { access_token, refresh_token } = await server.login()
    const [sub, sid] = [claimIn(access_token, 'sub'), claimIn(access_token, 'sid')]

    // The server hears of its rotation in another second than the store made it.
    proxy.delay(1200)
    const form = { grant_type: 'refresh_token', client_id: 'web', refresh_token }
    const refreshing = server.post('/token', form)
    await until(
      () => direct.findFamily(sid),
      (family) => family?.generation === 2,
    )
    await direct.cutOff({ kind: 'user', sub })
    const answer = await refreshing
    proxy.heal()

    expect(answer.status).to.equal(200)
    const { entries } = await readFeed(server.issuer)
    const [, , cutOffAt] = entries.find(([, target]) => target === digestOf(sub)) ?? []
    expect(Number(claimIn(answer.json.access_token, 'iat')) * 1000).to.be.at.most(Number(cutOffAt))
    const next = { ...form, refresh_token: answer.json.refresh_token }
    expect((await server.post('/token', next)).json.error).to.equal('invalid_grant')
  })
})
