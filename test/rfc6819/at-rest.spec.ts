import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { dpopProof } from '../parts/dpop-proof.ts'
import { makeKey } from '../parts/issuer.ts'
import { type Latchkey, passwordGrant, secret, startLatchkey } from '../parts/latchkey.ts'
import { type RedisServer, startRedis } from '../parts/redis.ts'

/** Every file below a folder whose name begins so, as one text of octets. */
const octets = (folder: string, prefix: string): string =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.startsWith(prefix) && /\.[a-z0-9-]+$/.test(name))
    .map((name) => readFileSync(join(folder, name), 'latin1'))
    .join('\n')

for (const store of ['SQLite', 'Redis']) {
  describe(`RFC 6819 section 5.1.4.1: what ${store} holds`, () => {
    let redis: RedisServer | undefined
    let latchkey: Latchkey

    before(async () => {
      redis = store === 'Redis' ? await startRedis() : undefined
      latchkey = await startLatchkey({ ...(redis && { state: redis.url }) })
    })

    after(async () => {
      await latchkey.stop()
      await redis?.stop()
    })

    async function contents(): Promise<string> {
      if (redis === undefined) return octets(latchkey.folder, 'state.sqlite')
      const [, , , , folder = ''] = (await redis.command('CONFIG', 'GET', 'dir')).split('\r\n')
      return octets(folder, 'appendonlydir')
    }

    it('is nothing that can be presented: no token, password, secret or proof [BCP-07]', async () => {
      const headers = { DPoP: dpopProof(makeKey(), 'POST', `${latchkey.issuer}/token`) }
      const { json: jwt } = await latchkey.post('/token', passwordGrant, { headers })
      const opaque = await latchkey.login({ scope: 'peek' })
      const { json: next } = await latchkey.post('/token', {
        grant_type: 'refresh_token',
        refresh_token: opaque.refresh_token,
        client_id: 'web',
      })
      const form = { grant_type: 'client_credentials' }
      const basic = `app:${secret}`
      const { json: machine } = await latchkey.post('/token', form, { basic })
      await latchkey.post('/revoke', { token: machine.access_token }, { basic })

      const stored = await contents()
      expect(stored, 'the login is there').to.include('johndoe')
      const tokens = [jwt, opaque, next, machine].flatMap((answer) => [
        answer.access_token,
        answer.refresh_token,
      ])
      const macs = tokens.map((token) => token?.split('.').at(-1))
      for (const secretText of [...tokens, ...macs, headers.DPoP, secret]) {
        if (secretText !== undefined) expect(stored).not.to.include(secretText)
      }
      expect(stored).not.to.include('"secret"')
    })
  })
}
