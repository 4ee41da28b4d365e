import { expect } from 'chai'
import {
  type Answer,
  fixtureClients,
  type Latchkey,
  passwordGrant,
  secret,
  startLatchkey,
} from '../parts/latchkey.ts'

const confidential = { basic: `app:${secret}` }

describe('RFC 9700 section 4.14.2: refresh token rotation', () => {
  let server: Latchkey
  before(async () => {
    const clients = [
      ...fixtureClients,
      { id: 'strict', public: true, grants: ['password', 'refresh_token'], refresh: { grace: 0 } },
      { id: 'without', public: true, grants: ['password'] },
    ]
    server = await startLatchkey({ clients })
  })
  after(() => server.stop())

  const outcome = ({ status, json }: Answer) => `${status} ${json.error ?? 'issued'}`
  const open = async (client: string) => {
    const options = client === 'app' ? confidential : {}
    const { json } = await server.post('/token', { ...passwordGrant, client_id: client }, options)
    const refresh = (token: string) =>
      server.post(
        '/token',
        { grant_type: 'refresh_token', refresh_token: token, client_id: client },
        options,
      )
    return { ...json, refresh }
  }
  const isActive = async (token: string) => {
    const basic = `resource-server:${secret}`
    return (await server.post('/introspect', { token }, { basic })).json.active
  }

  it('gives another token with each refresh [REF-09 REF-12]', async () => {
    for (const client of ['web', 'strict', 'app']) {
      const login = await open(client)
      const seen = new Set([login.refresh_token])
      let token = login.refresh_token
      for (let count = 0; count < 3; count++) {
        token = (await login.refresh(token)).json.refresh_token
        seen.add(token)
      }
      expect(seen.size, client).to.equal(4)
    }
  })

  for (const client of ['strict', 'web', 'app']) {
    it(`ends the login of ${client} when a spent token comes back [REF-10 REF-12]`, async () => {
      const { refresh_token: first, refresh } = await open(client)
      const { refresh_token: second } = (await refresh(first)).json
      const { refresh_token: third } = (await refresh(second)).json
      expect(outcome(await refresh(first))).to.equal('400 invalid_grant')
      expect(outcome(await refresh(third))).to.equal('400 invalid_grant')
      expect(outcome(await refresh(second))).to.equal('400 invalid_grant')
    })
  }

  it('ends the access tokens with it [REF-13]', async () => {
    const { access_token: before, refresh_token: first, refresh } = await open('strict')
    const { access_token: after } = (await refresh(first)).json
    expect([await isActive(before), await isActive(after)]).to.deep.equal([true, true])
    await refresh(first)
    expect([await isActive(before), await isActive(after)]).to.deep.equal([false, false])
  })

  it('ends no other login of the user [REF-20]', async () => {
    const [mine, other] = [await open('strict'), await open('strict')]
    await mine.refresh(mine.refresh_token)
    expect(outcome(await mine.refresh(mine.refresh_token))).to.equal('400 invalid_grant')
    expect(await isActive(other.access_token)).to.equal(true)
    expect(outcome(await other.refresh(other.refresh_token))).to.equal('200 issued')
  })

  it('ends nothing for a token that is forged [REF-20]', async () => {
    const { refresh_token: first, refresh } = await open('strict')
    const [family, , mac] = first.split('.')
    expect(outcome(await refresh(`${family}.7.${mac}`))).to.equal('400 invalid_grant')
    expect(outcome(await refresh(first))).to.equal('200 issued')
  })

  it('gives refresh tokens only to clients that have the grant [REF-21]', async () => {
    const { json } = await server.post('/token', { ...passwordGrant, client_id: 'without' })
    expect(json).to.have.property('access_token')
    expect(json).not.to.have.property('refresh_token')
    const { refresh_token: token } = await open('web')
    const form = { grant_type: 'refresh_token', refresh_token: token, client_id: 'without' }
    expect(outcome(await server.post('/token', form))).to.equal('400 unauthorized_client')
  })

  it('gives the same successor again to a client that lost the answer, while it is unused', async () => {
    const { refresh_token: first, refresh } = await open('web')
    const lost = await refresh(first)
    const again = await refresh(first)
    expect(again.status).to.equal(200)
    expect(again.json.refresh_token).to.equal(lost.json.refresh_token)
    expect(again.json.access_token).not.to.equal(lost.json.access_token)
    expect(outcome(await refresh(lost.json.refresh_token))).to.equal('200 issued')
    expect(outcome(await refresh(first))).to.equal('400 invalid_grant')
  })

  it('gives no successor twice where the window is 0', async () => {
    const { refresh_token: first, refresh } = await open('strict')
    const { refresh_token: second } = (await refresh(first)).json
    expect(outcome(await refresh(first))).to.equal('400 invalid_grant')
    expect(outcome(await refresh(second))).to.equal('400 invalid_grant')
  })

  it('gives the retry no more than was asked the second time', async () => {
    const { refresh_token: first, refresh } = await open('web')
    await refresh(first)
    const form = { grant_type: 'refresh_token', refresh_token: first, client_id: 'other-web' }
    expect(outcome(await server.post('/token', form))).to.equal('400 invalid_grant')
    const wider = { ...form, client_id: 'web', scope: 'admin' }
    expect(outcome(await server.post('/token', wider))).to.equal('400 invalid_scope')
  })
})
