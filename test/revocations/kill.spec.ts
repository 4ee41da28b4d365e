import { join } from 'node:path'
import { expect } from 'chai'
import { openAccounts } from '../../src/users/embedded/accounts.ts'
import { claimIn, readWholeFeed } from '../parts/feed.ts'
import { startKillableServer } from '../parts/killable-server.ts'
import { cheapHash, cheaply, passwordGrant, type TokenAnswer } from '../parts/latchkey.ts'
import { freePort } from '../parts/port.ts'
import { startCluster, startRedis } from '../parts/redis.ts'
import { temporaryFolder } from '../parts/temporary-folder.ts'
import { tidied } from '../parts/tidy.ts'

const logins = 40
const revokers = 6

const stores: Readonly<
  Record<string, (kept: ReturnType<typeof tidied>, folder: string) => Promise<unknown>>
> = {
  SQLite: async (_, folder) => `sqlite:${join(folder, 'state.sqlite')}`,
  Redis: async (kept) => kept(await startRedis()).url,
  'Redis Cluster': async (kept) => {
    const nodes = (await startCluster()).map(kept)
    return { url: 'redis://cluster', cluster: nodes.map(({ port }) => `127.0.0.1:${port}`) }
  },
}

describe('a server that is killed while it revokes', () => {
  const kept = tidied()

  for (const [name, store] of Object.entries(stores)) {
    it(`leaves no end of a login that the log has not, over ${name}`, async () => {
      const { path: folder, ...temporary } = await temporaryFolder()
      kept({ close: () => temporary[Symbol.asyncDispose]() })
      const port = await freePort()
      const issuer = `http://127.0.0.1:${port}`
      const config = {
        issuer,
        listen: { host: '127.0.0.1', port },
        keys: join(folder, 'keys'),
        state: await store(kept, folder),
        users: [{ type: 'embedded', path: join(folder, 'users.sqlite') }],
        apis: [{ audience: 'https://api.example', scopes: ['read'] }],
        clients: [{ id: 'web', public: true, grants: ['password', 'refresh_token'] }],
        passwords: { hash: cheapHash, queue: logins, wait: 10_000 },
        throttle: { enabled: false },
      }
      const accounts = openAccounts(join(folder, 'users.sqlite'))
      await accounts.add({ username: 'johndoe', hash: await cheaply('secret') })
      await accounts.close()
      const post = (path: string, form: Record<string, string>) =>
        fetch(issuer + path, { method: 'POST', body: new URLSearchParams(form) })

      const killed = kept(await startKillableServer(config))
      const tokens = await Promise.all(
        Array.from({ length: logins }, async () => {
          const answer = (await (await post('/token', passwordGrant)).json()) as TokenAnswer
          return { sid: claimIn(answer.access_token, 'sid'), refresh: answer.refresh_token }
        }),
      )
      const acknowledged: string[] = []
      const queue = tokens.values()
      await Promise.all(
        Array.from({ length: revokers }, async () => {
          for (const { sid, refresh } of queue) {
            const answer = await post('/revoke', { token: refresh, client_id: 'web' }).catch(
              () => undefined,
            )
            if (answer?.status === 200 && acknowledged.push(sid) === 10) await killed.kill()
          }
        }),
      )
      expect(acknowledged).to.have.lengthOf.within(10, 10 + revokers)

      kept(await startKillableServer(config))
      const listed = new Set((await readWholeFeed(issuer)).map(([, name]) => name))
      for (const sid of acknowledged) expect(listed.has(sid), sid).to.equal(true)
      for (const { sid, refresh } of tokens) {
        const form = { grant_type: 'refresh_token', refresh_token: refresh, client_id: 'web' }
        const alive = (await post('/token', form)).status === 200
        expect(alive || listed.has(sid), sid).to.equal(true)
        expect(acknowledged.includes(sid) && alive, sid).to.equal(false)
      }
    }).timeout(60_000)
  }
})
