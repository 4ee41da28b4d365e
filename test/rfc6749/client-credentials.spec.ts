import { expect } from 'chai'
import {
  type Answer,
  cheaply,
  fixtureClients,
  type Latchkey,
  passwordGrant,
  secret,
  startLatchkey,
} from '../parts/latchkey.ts'

const grant = { grant_type: 'client_credentials' }
const basic = `service:${secret}`
const claims = (token: string) =>
  JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString())

describe('RFC 6749 section 4.4: the client credentials grant', () => {
  let server: Latchkey
  before(async () => {
    const [, , app] = fixtureClients
    const defaults = { ...app, id: 'with-defaults', defaultScopes: ['write'] }
    server = await startLatchkey({ clients: [...fixtureClients, defaults] })
  })
  after(() => server.stop())

  const outcome = ({ status, json }: Answer) => `${status} ${json.error ?? 'issued'}`

  it('is for clients that authenticate [CCG-01]', async () => {
    expect(outcome(await server.post('/token', grant))).to.equal('401 invalid_client')
    expect(outcome(await server.post('/token', { ...grant, client_id: 'service' }))).to.equal(
      '401 invalid_client',
    )
    expect(outcome(await server.post('/token', grant, { basic }))).to.equal('200 issued')
  })

  it('is for confidential clients, even where the configuration says otherwise [CCG-02]', async () => {
    expect(outcome(await server.post('/token', { ...grant, client_id: 'web' }))).to.equal(
      '400 unauthorized_client',
    )
    const clients = [{ id: 'web', public: true, grants: ['client_credentials'] }]
    const careless = await startLatchkey({ clients })
    try {
      const answer = await careless.post('/token', { ...grant, client_id: 'web' })
      expect(outcome(answer)).to.equal('400 unauthorized_client')
    } finally {
      await careless.stop()
    }
  })

  it('gives no refresh token [CCG-03]', async () => {
    const { json } = await server.post('/token', grant, { basic: `app:${secret}` })
    expect(json).to.have.property('access_token')
    expect(json).not.to.have.property('refresh_token')
  })

  it('gives the default scopes when none is asked, and says so [CCG-04 SCP-05]', async () => {
    const all = await server.post('/token', grant, { basic })
    expect(all.json.scope).to.equal('read')
    expect(claims(all.json.access_token).scope).to.equal('read')
    const { json } = await server.post('/token', grant, { basic: `with-defaults:${secret}` })
    expect(json.scope).to.equal('write')
  })

  it('refuses a scope that is unknown, or not for the client [CCG-04 SCP-04]', async () => {
    for (const scope of ['nonsense', 'write', 'read write', 'peek']) {
      const answer = await server.post('/token', { ...grant, scope }, { basic })
      expect(outcome(answer), scope).to.equal('400 invalid_scope')
    }
  })

  it('names the client as the subject [CCG-05]', async () => {
    const { json } = await server.post('/token', grant, { basic })
    expect(claims(json.access_token)).to.include({ sub: 'service', client_id: 'service' })
  })

  it('gives no user the subject of a client [CCG-06 BCP-05]', async () => {
    const hash = await cheaply('secret')
    await server.accounts.add({ username: 'impostor', id: 'service', hash })
    const answer = await server.post('/token', { ...passwordGrant, username: 'impostor' })
    expect(outcome(answer)).to.equal('400 invalid_grant')
    const { json } = await server.post('/token', grant, { basic })
    const user = claims((await server.login()).access_token)
    expect(user).to.have.property('auth_time')
    expect(claims(json.access_token)).not.to.have.any.keys('auth_time', 'amr', 'sid')
  })

  it('ignores a name and a password [CCG-07]', async () => {
    const form = { ...grant, username: 'johndoe', password: 'wrong', refresh_token: 'x' }
    const { status, json } = await server.post('/token', form, { basic })
    expect(status).to.equal(200)
    expect(claims(json.access_token).sub).to.equal('service')
  })
})
