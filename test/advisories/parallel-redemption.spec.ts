import { expect } from 'chai'
import { type KillableServer, startKillableServer } from '../parts/killable-server.ts'
import { type Latchkey, passwordGrant, secret, startLatchkey } from '../parts/latchkey.ts'
import { type RedisServer, startRedis } from '../parts/redis.ts'
import { atOnce, outcomeOf, postTo, refreshing, sameServer, strictLogin } from './scene.ts'

for (const store of ['SQLite', 'Redis']) {
  describe(`advisories: one refresh token at two processes at once, over ${store}`, () => {
    let redis: RedisServer | undefined
    let here: Latchkey
    let there: KillableServer
    before(async () => {
      redis = store === 'Redis' ? await startRedis() : undefined
      here = await startLatchkey(redis ? { state: redis.url } : {})
      there = await startKillableServer(await sameServer(here, redis?.url))
    })
    after(async () => {
      await there.stop()
      await here.stop()
      await redis?.stop()
    })

    const redeem = (count: number, form: Record<string, string>) =>
      atOnce(count, (index) =>
        postTo(index % 2 === 0 ? there.url : here.service.url, '/token', form),
      )

    it('CVE-2026-1035 Keycloak: reuse was checked and recorded in two steps', async () => {
      for (const count of [2, 5, 20, 100]) {
        const { json } = await here.post('/token', strictLogin)
        const answers = await redeem(count, refreshing(json.refresh_token))
        expect(answers.map(outcomeOf).toSorted(), `${count} at once`).to.deep.equal([
          '200',
          ...Array(count - 1).fill('400 invalid_grant'),
        ])
      }
    })

    it('CVE-2026-53517 Better Auth: parallel rotation forked a family in two', async () => {
      const { json } = await here.post('/token', passwordGrant)
      const answers = await redeem(20, refreshing(json.refresh_token, 'web'))
      expect(answers.map(outcomeOf)).to.deep.equal(Array(20).fill('200'))
      const successors = new Set(answers.map((answer) => answer.json.refresh_token))
      expect(successors.size, 'different successors').to.equal(1)
    })

    it('CVE-2026-50631 Apache CXF: a spent token was taken again while the next one was made', async () => {
      let { refresh_token } = (await here.post('/token', passwordGrant)).json
      for (let round = 0; round < 5; round++) {
        const spent = refresh_token
        const answers = await redeem(5, refreshing(spent, 'web'))
        refresh_token = answers[0]?.json.refresh_token ?? ''
        expect(new Set(answers.map((answer) => answer.json.refresh_token))).to.have.lengthOf(1)
        expect(refresh_token).not.to.equal(spent)
      }
    })

    it('ory/hydra#3604: competing refreshes were answered 500', async () => {
      const { json } = await here.post('/token', passwordGrant)
      const first = await redeem(10, refreshing(json.refresh_token, 'web'))
      const next = first[0]?.json.refresh_token ?? ''
      const old = await redeem(10, refreshing(next, 'web'))
      const both = await Promise.all([
        redeem(5, refreshing(json.refresh_token, 'web')),
        redeem(5, refreshing(old[0]?.json.refresh_token ?? '', 'web')),
      ])
      const seen = new Set(both.flat().map(outcomeOf))
      expect(
        [...seen].filter((each) => !['200', '400 invalid_grant'].includes(each)),
      ).to.deep.equal([])
    })

    it('CVE-2025-26620 Duende: parallel requests got each other’s tokens', async () => {
      const scopes = ['read', 'write', 'admin', 'read write', 'peek', 'sum']
      const answers = await atOnce(48, async (index) => {
        const scope = scopes[index % scopes.length] ?? ''
        const form = { grant_type: 'client_credentials', scope }
        const url = index % 2 === 0 ? there.url : here.service.url
        return { scope, answer: await postTo(url, '/token', form, { basic: `app:${secret}` }) }
      })
      for (const { scope, answer } of answers) {
        expect(answer.json.scope.split(' ').toSorted()).to.deep.equal(scope.split(' ').toSorted())
      }
    })
  })
}
