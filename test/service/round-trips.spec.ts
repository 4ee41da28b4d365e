import { expect } from 'chai'
import { type Latchkey, secret, startLatchkey } from '../parts/latchkey.ts'
import { type RedisServer, startRedis } from '../parts/redis.ts'

const times = 20
/** The server looks after its keys and the epoch now and then. */
const others = 5

describe('what a request asks of Redis', () => {
  let redis: RedisServer
  let server: Latchkey

  before(async () => {
    redis = await startRedis()
    server = await startLatchkey({ state: redis.url })
  })
  after(async () => {
    await server.stop()
    await redis.stop()
  })

  /** Commands that came from clients while `work` went on; what scripts call is the server's own. */
  async function commands(work: () => Promise<void>): Promise<number> {
    await redis.command('CONFIG', 'RESETSTAT')
    await work()
    const statistics = await redis.command('INFO', 'commandstats')
    const calls = [...statistics.matchAll(/cmdstat_(\w+):calls=(\d+)/g)]
    const asked = ['evalsha', 'eval', 'mget', 'exists', 'zrange']
    return calls
      .filter(([, name = '']) => asked.includes(name))
      .reduce((sum, [, , count]) => sum + Number(count), 0)
  }

  it('is nothing for client_credentials', async () => {
    const count = await commands(async () => {
      for (let index = 0; index < times; index += 1) {
        const form = { grant_type: 'client_credentials' }
        expect((await server.post('/token', form, { basic: `app:${secret}` })).status).to.equal(200)
      }
    })
    expect(count).to.be.at.most(others)
  })

  it('is two commands for a refresh', async () => {
    let { refresh_token } = await server.login()
    const count = await commands(async () => {
      for (let index = 0; index < times; index += 1) {
        const form = { grant_type: 'refresh_token', client_id: 'web', refresh_token }
        const { status, json } = await server.post('/token', form)
        expect(status).to.equal(200)
        refresh_token = json.refresh_token
      }
    })
    expect(count).to.be.within(2 * times, 2 * times + others)
  })

  it('is one command for the introspection of a JWT of a login', async () => {
    const { access_token: token } = await server.login()
    const count = await commands(async () => {
      for (let index = 0; index < times; index += 1) {
        const options = { basic: `resource-server:${secret}` }
        const { json } = await server.post('/introspect', { token }, options)
        expect(json.active).to.equal(true)
      }
    })
    expect(count).to.be.within(times, times + others)
  })
})
