import { expect } from 'chai'
import { openState } from '../../src/state/index.ts'
import { claimIn } from '../parts/feed.ts'
import { type Gate, startGate } from '../parts/gate.ts'
import { type Latchkey, startLatchkey, type TokenAnswer } from '../parts/latchkey.ts'
import { type RedisServer, startCluster } from '../parts/redis.ts'
import { until } from '../parts/until.ts'

describe('a refresh, with its state in a Redis Cluster', () => {
  let nodes: RedisServer[]
  let gate: Gate
  let server: Latchkey

  before(async () => {
    nodes = await startCluster()
    gate = await startGate(nodes)
    server = await startLatchkey({ state: options() })
  })
  after(async () => {
    await server.stop()
    await gate.close()
    for (const node of nodes) await node.stop()
  })

  const options = () => ({
    url: 'redis://cluster',
    cluster: gate.ports.map((port) => `127.0.0.1:${port}`),
    timeout: 5000,
  })
  const refresh = async (token: string) => {
    const form = { grant_type: 'refresh_token', client_id: 'web', refresh_token: token }
    return server.post('/token', form)
  }

  it('takes two round trips', async () => {
    // The servers learn the scripts.
    let answer: TokenAnswer = await server.login()
    for (let turn = 0; turn < 3; turn++) answer = (await refresh(answer.refresh_token)).json
    // The client library's own questions take some, now and then.
    const counts: number[] = []
    for (let round = 0; round < 5; round++) {
      const { refresh_token } = await server.login()
      counts.push(
        await gate.roundTrips(async () => {
          expect((await refresh(refresh_token)).status).to.equal(200)
        }),
      )
    }
    expect(Math.min(...counts)).to.equal(2)
  })

  it('sees every cut-off that was acknowledged before it began', async () => {
    const state = await openState(options())
    const { access_token } = await server.login()
    const sub = claimIn(access_token, 'sub')
    for (const target of [
      { kind: 'user', sub },
      { kind: 'client', clientId: 'web' },
      { kind: 'everything' },
    ] as const) {
      const { refresh_token } = await server.login()
      await state.cutOff(target)
      const answer = await refresh(refresh_token)
      expect(answer.json.error, target.kind).to.equal('invalid_grant')
      // A login of the millisecond of a cut-off would be dead too.
      const now = Date.now()
      await until(Date.now, (later) => later > now + 1)
    }
    await state.close()
  })

  it('logs a cut-off once more where its mark came a second after its entry', async () => {
    const state = await openState(options())
    const target = { kind: 'user', sub: 'somebody' } as const
    await state.cutOff(target)
    const { end } = await state.revocationLog()
    await until(Date.now, (now) => now % 1000 > 960)
    await gate.roundTrips(() => state.cutOff(target))
    const page = await state.revocationsAfter(end, 10)
    const times = page.gone ? [] : page.entries.map(({ at }) => Math.floor(at / 1000))
    expect(times).to.have.lengthOf(2)
    expect(times[1]).to.be.above(Number(times[0]))
    await state.close()
  })
})
