import { join } from 'node:path'
import { expect } from 'chai'
import { type Latchkey, passwordGrant, secret, startLatchkey } from '../parts/latchkey.ts'
import { type RedisServer, startRedis } from '../parts/redis.ts'

const basic = `app:${secret}`
const parallel = 16

/** Two servers over one store, one set of keys and one user table. */
async function startPair(state?: string): Promise<[Latchkey, Latchkey]> {
  const one = await startLatchkey(state === undefined ? {} : { state })
  const other = await startLatchkey({
    state: state ?? `sqlite:${join(one.folder, 'state.sqlite')}`,
    keys: join(one.folder, 'keys'),
    users: [{ type: 'embedded', path: join(one.folder, 'users.sqlite') }],
  })
  return [one, other]
}

/** As many at once as `parallel`, in turns at one server and the other. */
const atOnce = <T>(servers: readonly [Latchkey, Latchkey], request: (server: Latchkey) => T) =>
  Promise.all(Array.from({ length: parallel }, (_, index) => request(servers[index % 2 ? 1 : 0])))

for (const store of ['SQLite', 'Redis']) {
  describe(`RFC 9700 section 4.14.2: refreshes at once, at two servers over one ${store}`, () => {
    let redis: RedisServer | undefined
    let servers: [Latchkey, Latchkey]
    before(async () => {
      redis = store === 'Redis' ? await startRedis() : undefined
      servers = await startPair(redis?.url)
    })
    after(async () => {
      for (const server of servers.toReversed()) await server.stop()
      await redis?.stop()
    })

    it('spend a token once where the client is strict [REF-11 REF-12]', async () => {
      for (let round = 0; round < 3; round++) {
        const login = await servers[0].post('/token', passwordOf('app'), { basic })
        const form = { grant_type: 'refresh_token', refresh_token: login.json.refresh_token }
        const answers = await atOnce(servers, (server) => server.post('/token', form, { basic }))
        const won = answers.filter(({ status }) => status === 200)
        expect(won).to.have.lengthOf(1)
        expect(answers.filter(({ json }) => json.error === 'invalid_grant')).to.have.lengthOf(
          parallel - 1,
        )
        // Whoever came second may have stolen it: the winner's token is dead as well.
        const next = { ...form, refresh_token: won[0]?.json.refresh_token ?? '' }
        const after = await servers[1].post('/token', next, { basic })
        expect(after.json.error).to.equal('invalid_grant')
      }
    })

    it('have one successor where the client may repeat itself [REF-11]', async () => {
      for (let round = 0; round < 3; round++) {
        const login = await servers[1].post('/token', passwordOf('web'))
        const form = {
          grant_type: 'refresh_token',
          refresh_token: login.json.refresh_token,
          client_id: 'web',
        }
        const answers = await atOnce(servers, (server) => server.post('/token', form))
        expect(answers.map(({ status }) => status)).to.deep.equal(Array(parallel).fill(200))
        const successors = new Set(answers.map(({ json }) => json.refresh_token))
        expect(successors.size).to.equal(1)
        const [successor = ''] = successors
        const next = { ...form, refresh_token: successor }
        expect((await servers[0].post('/token', next)).status).to.equal(200)
        expect((await servers[1].post('/token', form)).json.error).to.equal('invalid_grant')
        expect((await servers[0].post('/token', next)).json.error).to.equal('invalid_grant')
      }
    })

    it('lose against a revocation that was answered [REF-11 REV-15]', async () => {
      const login = await servers[0].post('/token', passwordOf('web'))
      const token = login.json.refresh_token
      const form = { grant_type: 'refresh_token', refresh_token: token, client_id: 'web' }
      await Promise.all([
        atOnce(servers, (server) => server.post('/token', form)),
        servers[1].post('/revoke', { token, client_id: 'web' }),
      ])
      const answers = await atOnce(servers, (server) => server.post('/token', form))
      expect(new Set(answers.map(({ json }) => json.error))).to.deep.equal(
        new Set(['invalid_grant']),
      )
    })
  })
}

const passwordOf = (client: string) => ({ ...passwordGrant, client_id: client })
