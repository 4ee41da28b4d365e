import { expect } from 'chai'
import { cheaply, type Latchkey, secret, startLatchkey } from '../parts/latchkey.ts'
import { type DatabaseServer, startPostgres } from '../parts/postgres.ts'
import { type Proxy as BreakingProxy, startProxy } from '../parts/proxy.ts'
import { type RedisServer, startRedis } from '../parts/redis.ts'
import { until } from '../parts/until.ts'

const login = { grant_type: 'password', username: 'johndoe', password: 'secret', client_id: 'web' }

const ready = (server: Latchkey) => fetch(`${server.issuer}/readyz`).then(({ status }) => status)

describe('Redis is away', () => {
  let redis: RedisServer
  let proxy: BreakingProxy
  let server: Latchkey

  before(async () => {
    redis = await startRedis()
    proxy = await startProxy(redis.port)
    server = await startLatchkey({
      state: { url: `redis://127.0.0.1:${proxy.port}`, timeout: 300 },
    })
  })
  after(async () => {
    await server.stop()
    await proxy.close()
    await redis.stop()
  })

  for (const [name, hurt] of [
    ['refuses connections', () => proxy.cut()],
    ['answers nothing', () => proxy.swallowReplies()],
  ] as const) {
    it(`and ${name}: 503 with Retry-After, never invalid_grant; back without a restart [ERR-11 REV-16]`, async () => {
      const { refresh_token, access_token } = await server.login()
      hurt()
      await until(
        () => ready(server),
        (status) => status === 503,
      )
      const answers = await Promise.all([
        server.post('/token', login),
        server.post('/token', { grant_type: 'refresh_token', refresh_token, client_id: 'web' }),
        server.post('/revoke', { token: refresh_token, client_id: 'web' }),
        server.post('/introspect', { token: access_token }, { basic: `resource-server:${secret}` }),
      ])
      for (const { status, headers, json } of answers) {
        expect(status).to.equal(503)
        expect(headers.get('retry-after')).to.match(/^[1-9]\d*$/)
        expect(json.error).to.equal('temporarily_unavailable')
      }
      const health = await fetch(`${server.issuer}/healthz`)
      expect(health.status).to.equal(200)
      const me = await fetch(`${server.issuer}/users/me`, {
        headers: { Authorization: `Bearer ${access_token}` },
      })
      expect(me.status).to.equal(503)

      proxy.heal()
      await until(
        () => ready(server),
        (status) => status === 200,
      )
      const again = await server.post('/token', {
        grant_type: 'refresh_token',
        refresh_token,
        client_id: 'web',
      })
      expect(again.status).to.equal(200)
    })
  }
})

describe('the user database is away', () => {
  let postgres: DatabaseServer
  let proxy: BreakingProxy
  let server: Latchkey

  before(async function () {
    this.timeout(60_000)
    postgres = await startPostgres()
    const url = new URL(await postgres.createDatabase('site'))
    await postgres.run(
      'site',
      'create table people (id integer primary key, name text, hash text)',
      `insert into people values (7, 'johndoe', '${await cheaply('secret')}')`,
    )
    proxy = await startProxy(Number(url.port))
    url.port = String(proxy.port)
    server = await startLatchkey({
      users: [
        {
          type: 'sql',
          url: url.href,
          timeout: 500,
          table: 'people',
          columns: { id: 'id', username: 'name', password: 'hash' },
        },
      ],
    })
  })
  after(async () => {
    await server.stop()
    await proxy.close()
    await postgres.stop()
  })

  it('503 for logins and refreshes, while tokens of services go on; back without a restart', async () => {
    const { refresh_token } = await server.login()
    proxy.cut()
    await until(
      () => ready(server),
      (status) => status === 503,
    )
    const refused = await server.post('/token', login)
    expect([refused.status, refused.json.error]).to.deep.equal([503, 'temporarily_unavailable'])
    const refresh = { grant_type: 'refresh_token', refresh_token, client_id: 'web' }
    expect((await server.post('/token', refresh)).status).to.equal(503)
    const service = await server.post(
      '/token',
      { grant_type: 'client_credentials' },
      { basic: `app:${secret}` },
    )
    expect(service.status).to.equal(200)

    proxy.heal()
    await until(
      () => ready(server),
      (status) => status === 200,
    )
    expect((await server.post('/token', refresh)).status).to.equal(200)
  })
})
