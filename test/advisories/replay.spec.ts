import { expect } from 'chai'
import { startKillableServer } from '../parts/killable-server.ts'
import { type Latchkey, passwordGrant, startLatchkey } from '../parts/latchkey.ts'
import {
  atOnce,
  isActive,
  outcomeOf,
  postTo,
  refreshing,
  sameServer,
  strictLogin,
} from './scene.ts'

describe('advisories: a refresh token that was replaced', () => {
  let server: Latchkey
  before(async () => {
    server = await startLatchkey()
  })
  after(() => server.stop())

  const refresh = (token: string, client = 'app') =>
    server.post('/token', refreshing(token, client))

  it('CVE-2026-9802 Keycloak: a restart forgot which tokens were spent', async () => {
    const settings = await sameServer(server)
    const first = await startKillableServer(settings)
    const login = await postTo(first.url, '/token', strictLogin)
    const spent = login.json.refresh_token
    const second = await postTo(first.url, '/token', refreshing(spent))
    await first.kill()
    const again = await startKillableServer(settings)
    try {
      const replayed = await postTo(again.url, '/token', refreshing(spent))
      expect(outcomeOf(replayed)).to.equal('400 invalid_grant')
      const current = await postTo(again.url, '/token', refreshing(second.json.refresh_token))
      expect(outcomeOf(current), 'the login goes on').to.equal('400 invalid_grant')
    } finally {
      await again.stop()
    }
  })

  it('keycloak#50999: two rotations within a second looked like one', async () => {
    const first = (await server.post('/token', strictLogin)).json
    const second = (await refresh(first.refresh_token)).json
    const third = (await refresh(second.refresh_token)).json
    expect(outcomeOf(await refresh(first.refresh_token))).to.equal('400 invalid_grant')
    expect(outcomeOf(await refresh(third.refresh_token))).to.equal('400 invalid_grant')
    expect(await isActive(server, third.access_token)).to.equal(false)
  })

  it('jazzband/django-oauth-toolkit#1617: grace was given to grandparents', async () => {
    const first = (await server.post('/token', passwordGrant)).json
    const second = (await refresh(first.refresh_token, 'web')).json
    const third = (await refresh(second.refresh_token, 'web')).json
    expect(third.refresh_token, 'the login is good').to.be.a('string')
    expect(outcomeOf(await refresh(first.refresh_token, 'web'))).to.equal('400 invalid_grant')
    expect(outcomeOf(await refresh(third.refresh_token, 'web'))).to.equal('400 invalid_grant')
  })

  it('keycloak#51312: a revocation did not wait for a refresh under way', async () => {
    for (let round = 0; round < 15; round++) {
      const { json } = await server.post('/token', passwordGrant)
      const token = json.refresh_token
      const [revoked, ...refreshed] = await Promise.all([
        server.post('/revoke', { token, client_id: 'web' }),
        ...Array.from({ length: 4 }, () => refresh(token, 'web')),
      ])
      expect(revoked.status).to.equal(200)
      for (const answer of refreshed.filter(({ status }) => status === 200)) {
        expect(await isActive(server, answer.json.access_token), `round ${round}`).to.equal(false)
        const after = await refresh(answer.json.refresh_token, 'web')
        expect(outcomeOf(after)).to.equal('400 invalid_grant')
      }
      const late = await atOnce(2, () => refresh(token, 'web'))
      expect(late.map(outcomeOf)).to.deep.equal(Array(2).fill('400 invalid_grant'))
    }
  })
})
