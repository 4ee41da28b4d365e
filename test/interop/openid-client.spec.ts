import { expect } from 'chai'
import * as client from 'openid-client'
import { type Latchkey, secret, startLatchkey } from '../parts/latchkey.ts'

/** openid-client 6: discover, password, use, refresh twice, introspect, revoke, and its typed errors. */
describe('openid-client 6', () => {
  let server: Latchkey
  let app: client.Configuration

  before(async () => {
    server = await startLatchkey()
    app = await client.discovery(new URL(server.issuer), 'app', secret, undefined, {
      execute: [client.allowInsecureRequests],
      algorithm: 'oauth2',
    })
  })
  after(() => server.stop())

  const password = (configuration: client.Configuration, word = 'secret') =>
    client.genericGrantRequest(configuration, 'password', {
      username: 'johndoe',
      password: word,
      scope: 'read',
    })

  it('logs in, uses, refreshes twice, introspects and revokes', async () => {
    const tokens = await password(app)
    expect(tokens.token_type).to.equal('bearer')
    expect(tokens.expires_in).to.equal(300)
    const me = await client.fetchProtectedResource(
      app,
      tokens.access_token,
      new URL(`${server.issuer}/users/me`),
      'GET',
    )
    expect(await me.json()).to.include({ username: 'johndoe' })
    const second = await client.refreshTokenGrant(app, tokens.refresh_token ?? '')
    const third = await client.refreshTokenGrant(app, second.refresh_token ?? '')
    expect(await client.tokenIntrospection(app, third.access_token)).to.include({ active: true })
    await client.tokenRevocation(app, third.refresh_token ?? '')
    expect(await client.tokenIntrospection(app, third.access_token)).to.deep.equal({
      active: false,
    })
    await client.tokenRevocation(app, tokens.access_token)
  })

  it('gets a token for itself', async () => {
    const tokens = await client.clientCredentialsGrant(app, { scope: 'read' })
    expect(tokens).to.include({ scope: 'read' })
    expect(tokens.refresh_token).to.equal(undefined)
  })

  it('sees invalid_grant in a wrong password', async () => {
    const error = await refused(password(app, 'wrong'))
    expect(error).to.be.instanceOf(client.ResponseBodyError)
    expect(error).to.include({ error: 'invalid_grant', status: 400 })
  })

  it('sees invalid_client in a wrong secret, in the challenge', async () => {
    const stranger = await client.discovery(new URL(server.issuer), 'app', 'wrong', undefined, {
      execute: [client.allowInsecureRequests],
      algorithm: 'oauth2',
    })
    const error = await refused(client.clientCredentialsGrant(stranger))
    expect(error).to.be.instanceOf(client.WWWAuthenticateChallengeError)
    expect(JSON.stringify(error.cause)).to.contain('invalid_client')
  })

  it('binds its tokens with DPoP', async () => {
    const handle = client.getDPoPHandle(app, await client.randomDPoPKeyPair())
    const tokens = await client.clientCredentialsGrant(app, { scope: 'read' }, { DPoP: handle })
    expect(tokens.token_type).to.equal('dpop')
  })
})

const refused = (request: Promise<unknown>): Promise<Error> =>
  request.then(
    () => {
      throw new Error('it was not refused')
    },
    (error: Error) => error,
  )
