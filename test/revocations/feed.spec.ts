import { join } from 'node:path'
import { expect } from 'chai'
import { openState } from '../../src/state/index.ts'
import { claimIn, readFeed, readWholeFeed } from '../parts/feed.ts'
import { type Latchkey, secret, startLatchkey } from '../parts/latchkey.ts'
import { startProxy } from '../parts/proxy.ts'
import { startRedis } from '../parts/redis.ts'
import { tidied } from '../parts/tidy.ts'
import { until } from '../parts/until.ts'

const revoke = (server: Latchkey, token: string) =>
  server.post('/revoke', { token, client_id: 'web' })
const waiting = async (server: Latchkey) =>
  Number(/^latchkey_revocation_followers_waiting (\d+)$/m.exec(await metricsOf(server))?.[1])
const metricsOf = async ({ service }: Latchkey) =>
  (await fetch(`${service.metricsUrl}/metrics`)).text()
const metrics = { host: '127.0.0.1', port: 0 }

describe('GET /revocations', () => {
  let server: Latchkey

  before(async () => {
    server = await startLatchkey({ metrics })
  })
  after(() => server.stop())

  it('is signed, dated, and says of what was revoked no more than its random id', async () => {
    const { access_token, refresh_token } = await server.login()
    const other = await server.login()
    await revoke(server, refresh_token)
    await revoke(server, other.access_token)
    const feed = await readFeed(server.issuer)
    expect(feed).to.include({ after: '', complete: true, retention: 360 })
    expect(feed.exp - feed.iat).to.equal(30)
    expect(feed.iat).to.be.closeTo(Date.now() / 1000, 5)
    expect(feed.entries.map(([kind, name]) => [kind, name])).to.deep.equal([
      ['everything', ''],
      ['family', claimIn(access_token, 'sid')],
      ['token', claimIn(other.access_token, 'jti')],
    ])
    for (const name of ['sub', 'client_id'])
      expect(JSON.stringify(feed)).to.not.include(claimIn(access_token, name))
  })

  it('goes on after a position, and starts over from one of another log', async () => {
    const { position, entries } = await readFeed(server.issuer)
    expect(await readFeed(server.issuer, `?after=${position}`)).to.deep.include({
      after: position,
      position,
      entries: [],
      complete: true,
    })
    const { refresh_token, access_token } = await server.login()
    await revoke(server, refresh_token)
    const news = await until(
      () => readFeed(server.issuer, `?after=${position}`),
      (answer) => answer.entries.length > 0,
    )
    expect(news.after).to.equal(position)
    expect(news.entries.map(([, name]) => name)).to.deep.equal([claimIn(access_token, 'sid')])
    for (const strange of ['elsewhere.1', 'nonsense', `${position}9`]) {
      const whole = await readFeed(server.issuer, `?after=${strange}`)
      expect(whole.after).to.equal('')
      expect(whole.entries).to.deep.equal([...entries, ...news.entries])
    }
  })

  it('has what ends by reuse, by a user who is disabled, and not what expires', async () => {
    const { position } = await readFeed(server.issuer)
    const stolen = await server.login()
    const refresh = (token: string) =>
      server.post('/token', {
        grant_type: 'refresh_token',
        refresh_token: token,
        client_id: 'web',
      })
    const second = await refresh(stolen.refresh_token)
    await refresh(second.json.refresh_token)
    expect((await refresh(stolen.refresh_token)).json.error).to.equal('invalid_grant')
    const disabled = await server.login()
    await server.accounts.disable('johndoe')
    expect((await refresh(disabled.refresh_token)).json.error).to.equal('invalid_grant')
    await server.accounts.enable('johndoe')
    const news = await until(
      () => readFeed(server.issuer, `?after=${position}`),
      (answer) => answer.entries.length > 1,
    )
    expect(news.entries.map(([kind, name]) => [kind, name])).to.deep.equal([
      ['family', claimIn(stolen.access_token, 'sid')],
      ['family', claimIn(disabled.access_token, 'sid')],
    ])
  })

  it('may be kept by caches for a second, and is told apart byte by byte', async () => {
    const response = await fetch(`${server.issuer}/revocations`)
    expect(response.headers.get('content-type')).to.equal('application/revocations+jwt')
    expect(response.headers.get('cache-control')).to.equal('public, max-age=1')
    expect(response.headers.get('access-control-allow-origin')).to.equal('*')
    const etag = response.headers.get('etag') ?? ''
    expect(etag).to.match(/^"[\w-]{43}"$/)
    const body = await response.text()
    const answers = await Promise.all(
      [1, 2, 3].map(async () => {
        const again = await fetch(`${server.issuer}/revocations`, {
          headers: { 'If-None-Match': etag },
        })
        return again.status === 304 ? body : again.text()
      }),
    )
    const claims = (jwt: string) => Buffer.from(jwt.split('.')[1] ?? '', 'base64url').toString()
    for (const answer of answers) {
      expect(claims(answer).replace(/"(iat|exp)":\d+/g, '')).to.equal(
        claims(body).replace(/"(iat|exp)":\d+/g, ''),
      )
    }
  })

  it('refuses what it cannot mean', async () => {
    for (const query of ['?wait=26', '?wait=-1', '?wait=x', `?after=${'x'.repeat(101)}`]) {
      const response = await fetch(`${server.issuer}/revocations${query}`)
      expect(response.status, query).to.equal(400)
      expect(await response.json()).to.include({ error: 'invalid_request' })
    }
    expect((await fetch(`${server.issuer}/revocations`, { method: 'POST' })).status).to.equal(405)
  })

  it('waits for news, lets go of who goes away, and tells how many wait', async () => {
    const { position } = await readFeed(server.issuer)
    const impatient = new AbortController()
    const left = fetch(`${server.issuer}/revocations?after=${position}&wait=25`, {
      signal: impatient.signal,
    }).catch(() => 'left')
    const answers = [1, 2, 3].map(() => readFeed(server.issuer, `?after=${position}&wait=25`))
    const seen = await until(
      () => waiting(server),
      (count) => count === 4,
    )
    expect(seen).to.equal(4)
    impatient.abort()
    expect(await left).to.equal('left')
    await until(
      () => waiting(server),
      (count) => count === 3,
    )
    const { access_token } = await server.login()
    await revoke(server, access_token)
    for (const { entries } of await Promise.all(answers)) {
      expect(entries.map(([kind]) => kind)).to.deep.equal(['token'])
    }
    expect(await waiting(server)).to.equal(0)
    const logged = Number(/^latchkey_revocations_logged (\d+)$/m.exec(await metricsOf(server))?.[1])
    expect(logged).to.equal((await readFeed(server.issuer)).entries.length)
  })

  it('answers at the end of the wait when nothing is new, with a date of its own', async () => {
    const { position, iat } = await readFeed(server.issuer)
    const late = await readFeed(server.issuer, `?after=${position}&wait=2`)
    expect(late).to.deep.include({ after: position, position, entries: [], complete: true })
    expect(late.iat).to.be.above(iat)
  })
})

describe('GET /revocations of several instances', () => {
  const kept = tidied()

  for (const store of ['SQLite', 'Redis']) {
    it(`tells at one what another revoked, over ${store}`, async () => {
      const url = store === 'Redis' ? kept(await startRedis()).url : undefined
      const first = kept(await startLatchkey(url === undefined ? {} : { state: url }))
      const second = kept(
        await startLatchkey({
          state: url ?? `sqlite:${join(first.folder, 'state.sqlite')}`,
          keys: join(first.folder, 'keys'),
          issuer: first.issuer,
          metrics,
        }),
      )
      const { position } = await readFeed(first.issuer)
      const told = fetch(`${second.service.url}/revocations?after=${position}&wait=25`)
      await until(
        () => waiting(second),
        (count) => count === 1,
      )
      const { access_token, refresh_token } = await first.login()
      expect((await revoke(first, refresh_token)).status).to.equal(200)
      const claims = (await (await told).text()).split('.')[1] ?? ''
      expect(
        JSON.parse(Buffer.from(claims, 'base64url').toString()).entries,
      ).to.have.nested.property('[0][1]', claimIn(access_token, 'sid'))
    })
  }

  it('is read in pages when it is long', async () => {
    const { url } = kept(await startRedis())
    const server = kept(await startLatchkey({ state: url }))
    const state = kept(await openState({ url }))
    const jtis = Array.from({ length: 5100 }, (_, i) => `jti-${i}`)
    await Promise.all(jtis.map((jti) => state.revokeToken(jti, 60)))
    const first = await readFeed(server.issuer)
    expect(first.complete).to.equal(false)
    expect(first.entries).to.have.lengthOf(5000)
    const names = (await readWholeFeed(server.issuer)).map(([, name]) => name)
    expect(names.slice(1)).to.have.members(jtis)
  })

  it('is 503 while the store is away, also for who waits, and comes back', async () => {
    const redis = kept(await startRedis())
    const proxy = kept(await startProxy(redis.port))
    const server = kept(
      await startLatchkey({
        state: { url: `redis://127.0.0.1:${proxy.port}`, timeout: 300 },
        metrics,
      }),
    )
    const { position } = await readFeed(server.issuer)
    const waits = fetch(`${server.issuer}/revocations?after=${position}&wait=2`)
    await until(
      () => waiting(server),
      (count) => count === 1,
    )
    proxy.cut()
    for (const answer of [await waits, await fetch(`${server.issuer}/revocations`)]) {
      expect(answer.status).to.equal(503)
      expect(answer.headers.get('retry-after')).to.equal('1')
    }
    proxy.heal()
    const back = await until(
      () => readFeed(server.issuer).catch(() => undefined),
      (feed) => feed !== undefined,
    )
    expect(back?.position).to.equal(position)
  })

  it('keeps no server from ending', async () => {
    const server = await startLatchkey({ metrics })
    const { position } = await readFeed(server.issuer)
    const answers = [1, 2].map(() =>
      fetch(`${server.issuer}/revocations?after=${position}&wait=25`),
    )
    await until(
      () => waiting(server),
      (count) => count === 2,
    )
    const stopped = server.stop()
    for (const answer of await Promise.all(answers)) expect(answer.status).to.equal(200)
    await stopped
    expect(await fetch(`${server.issuer}/healthz`).catch(() => 'over')).to.equal('over')
  })

  it('may be off', async () => {
    const server = kept(await startLatchkey({ revocations: { feed: false } }))
    const response = await fetch(`${server.issuer}/revocations`)
    expect(response.status).to.equal(404)
    const basic = `service:${secret}`
    const issued = await server.post('/token', { grant_type: 'client_credentials' }, { basic })
    expect(issued.status).to.equal(200)
  })
})
