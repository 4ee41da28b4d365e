import { expect } from 'chai'
import {
  type Answer,
  type Latchkey,
  passwordGrant,
  secret,
  startLatchkey,
} from '../parts/latchkey.ts'
import { type RedisServer, startRedis } from '../parts/redis.ts'
import { until } from '../parts/until.ts'

const app = { basic: `app:${secret}` }
const form = 'grant_type=client_credentials'

describe('RFC 6749 section 5.2: faults of our own are no refusals', () => {
  let redis: RedisServer
  let server: Latchkey
  before(async () => {
    redis = await startRedis()
    const state = { url: redis.url, timeout: 200 }
    server = await startLatchkey({ state, throttle: { secret: { limit: 3 } } })
  })
  after(async () => {
    await server.stop()
    await redis.stop()
  })

  const refresh = (token: string) =>
    server.post('/token', { grant_type: 'refresh_token', refresh_token: token, client_id: 'web' })
  const expectUnavailable = ({ status, json, headers }: Answer) => {
    expect(status).to.equal(503)
    expect(json.error).to.equal('temporarily_unavailable')
    expect(json).not.to.have.property('access_token')
    expect(headers.get('retry-after')).to.match(/^[1-9]\d*$/)
    expect(headers.get('cache-control')).to.equal('no-store')
  }
  const everythingThatAsksTheStore = async (token: string) => [
    await refresh(token),
    await server.post('/token', passwordGrant),
    await server.post('/revoke', { token, client_id: 'web' }),
    await server.post('/introspect', { token }, { basic: `resource-server:${secret}` }),
    // A wrong secret cannot be counted, so nobody is told that it was wrong.
    await server.post('/token', form, { basic: 'app:wrong' }),
  ]

  it('asks the store nothing for a right client secret and a JWT of the client itself [CLI-18]', async () => {
    const operations = async () =>
      Number(/total_commands_processed:(\d+)/.exec(await redis.command('INFO', 'stats'))?.[1])
    const tokens = async (count: number) => {
      const start = await operations()
      for (let index = 0; index < count; index++) {
        expect((await server.post('/token', form, app)).status).to.equal(200)
      }
      return (await operations()) - start
    }
    // What the server asks now and then for itself is far less than once a request.
    expect(await tokens(60)).to.be.below(30)
  })

  it('answers 503 with Retry-After while the store hangs, and loses nothing [ERR-11]', async () => {
    const { refresh_token: token } = await server.login()
    redis.pause()
    try {
      for (const answer of await everythingThatAsksTheStore(token)) expectUnavailable(answer)
    } finally {
      redis.resume()
    }
    const { refresh_token: other } = await until(
      () => server.login().catch(() => undefined),
      (login) => login !== undefined,
    ).then((login) => login ?? { refresh_token: '' })
    expect((await refresh(other)).status).to.equal(200)
  })

  it('answers 503 with Retry-After while the store is away [ERR-11 REV-16]', async () => {
    const { refresh_token: token } = await server.login()
    await redis.kill()
    for (const answer of await everythingThatAsksTheStore(token)) expectUnavailable(answer)
    expect((await server.post('/token', form, app)).status).to.equal(200)
    const refused = await server.post('/token', 'grant_type=password&client_id=web')
    expect(refused.json.error).to.equal('invalid_request')
    await redis.restart()
    const answer = await until(
      () => refresh(token),
      ({ status }) => status !== 503,
    )
    expect(answer.status).to.equal(200)
  })
})
