import { expect } from 'chai'
import { type Latchkey, secret, startLatchkey } from '../parts/latchkey.ts'
import { type RedisServer, startRedis, startReplica } from '../parts/redis.ts'
import { until } from '../parts/until.ts'

const basic = `app:${secret}`
const login = { grant_type: 'password', username: 'johndoe', password: 'secret' }

describe('the replica is behind', () => {
  let master: RedisServer
  let replica: RedisServer
  let server: Latchkey

  before(async () => {
    master = await startRedis()
    replica = await startReplica(master)
    server = await startLatchkey({
      state: { url: master.url, replicas: 1, replicaTimeout: 300 },
    })
  })
  after(async () => {
    replica.resume()
    await server.stop()
    await replica.stop()
    await master.stop()
  })
  afterEach(() => replica.resume())

  const revoke = async (token: string) =>
    (await server.post('/revoke', { token }, { basic })).status

  it('a revocation is not acknowledged, nor when it is asked for again [REV-15 REV-16]', async () => {
    const opaque = { resource: 'https://opaque.example' }
    const { json: one } = await server.post('/token', login, { basic })
    const { json: other } = await server.post('/token', { ...login, ...opaque }, { basic })
    replica.pause()
    // Done on the master the first time, and undone by a failover now.
    for (const token of [one.refresh_token, one.access_token, other.access_token]) {
      expect(await revoke(token)).to.equal(503)
      expect(await revoke(token)).to.equal(503)
    }
    const form = { grant_type: 'refresh_token', refresh_token: one.refresh_token }
    expect((await server.post('/token', form, { basic })).status).to.equal(503)

    replica.resume()
    await until(
      () => revoke(one.refresh_token),
      (status) => status === 200,
    )
    expect(await revoke(one.access_token)).to.equal(200)
    expect(await revoke(other.access_token)).to.equal(200)
    expect((await server.post('/token', form, { basic })).json.error).to.equal('invalid_grant')
  })
})
