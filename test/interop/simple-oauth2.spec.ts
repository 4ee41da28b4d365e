import { expect } from 'chai'
import { ClientCredentials, ResourceOwnerPassword } from 'simple-oauth2'
import { type Latchkey, secret, startLatchkey } from '../parts/latchkey.ts'

interface Boom extends Error {
  readonly output: { readonly statusCode: number }
  readonly data: { readonly payload: { readonly error: string } }
}

describe('simple-oauth2', () => {
  let server: Latchkey

  before(async () => {
    server = await startLatchkey()
  })
  after(() => server.stop())

  const configuration = (word = secret) => ({
    client: { id: 'app', secret: word },
    auth: { tokenHost: server.issuer, tokenPath: '/token', revokePath: '/revoke' },
  })
  const login = { username: 'johndoe', password: 'secret', scope: 'read' }

  it('logs in, refreshes twice, and revokes both tokens', async () => {
    const library = new ResourceOwnerPassword(configuration())
    const first = await library.getToken(login)
    const second = await first.refresh()
    const third = await second.refresh()
    expect(third.token.refresh_token).to.not.equal(second.token.refresh_token)
    const me = await fetch(`${server.issuer}/users/me`, {
      headers: { Authorization: `Bearer ${third.token.access_token}` },
    })
    expect(me.status).to.equal(200)
    await third.revokeAll()
    const refused = await third.refresh().catch((error: Boom) => error)
    expect(refused).to.have.nested.property('data.payload.error', 'invalid_grant')
  })

  it('gets a token for itself', async () => {
    const token = await new ClientCredentials(configuration()).getToken({ scope: 'read' })
    expect(token.token).to.include({ token_type: 'Bearer', scope: 'read' })
  })

  it('sees invalid_grant and invalid_client', async () => {
    const wrong = await new ResourceOwnerPassword(configuration())
      .getToken({ ...login, password: 'wrong' })
      .catch((error: Boom) => error)
    expect(wrong).to.have.nested.property('data.payload.error', 'invalid_grant')
    const stranger = await new ClientCredentials(configuration('wrong'))
      .getToken({})
      .catch((error: Boom) => error)
    expect(stranger).to.have.nested.property('output.statusCode', 401)
    expect(stranger).to.have.nested.property('data.payload.error', 'invalid_client')
  })
})
