import { expect } from 'chai'
import * as oauth from 'oauth4webapi'
import { type Latchkey, secret, startLatchkey } from '../parts/latchkey.ts'

describe('oauth4webapi', () => {
  const insecure = { [oauth.allowInsecureRequests]: true }
  const app: oauth.Client = { client_id: 'app' }
  const basic = oauth.ClientSecretBasic(secret)
  let server: Latchkey
  let as: oauth.AuthorizationServer

  before(async () => {
    server = await startLatchkey()
    const issuer = new URL(server.issuer)
    const response = await oauth.discoveryRequest(issuer, { ...insecure, algorithm: 'oauth2' })
    as = await oauth.processDiscoveryResponse(issuer, response)
  })
  after(() => server.stop())

  const login = async (word = 'secret') => {
    const parameters = { username: 'johndoe', password: word }
    const response = await oauth.genericTokenEndpointRequest(
      as,
      app,
      basic,
      'password',
      parameters,
      insecure,
    )
    return oauth.processGenericTokenEndpointResponse(as, app, response)
  }
  const refresh = async (token = '') => {
    const response = await oauth.refreshTokenGrantRequest(as, app, basic, token, insecure)
    return oauth.processRefreshTokenResponse(as, app, response)
  }

  it('reads the OpenID document too', async () => {
    const issuer = new URL(server.issuer)
    const response = await oauth.discoveryRequest(issuer, { ...insecure, algorithm: 'oidc' })
    expect(await oauth.processDiscoveryResponse(issuer, response)).to.include({
      issuer: server.issuer,
    })
  })

  it('logs in, refreshes twice, introspects, revokes, and validates the token by itself', async () => {
    const first = await login()
    const second = await refresh(first.refresh_token)
    const third = await refresh(second.refresh_token)
    const request = new Request(`${server.issuer}/items`, {
      headers: { Authorization: `Bearer ${third.access_token}` },
    })
    const claims = await oauth.validateJwtAccessToken(as, request, 'https://api.example', insecure)
    expect(claims).to.include({ client_id: 'app', iss: server.issuer })
    const introspected = await oauth.introspectionRequest(
      as,
      app,
      basic,
      third.access_token,
      insecure,
    )
    expect(await oauth.processIntrospectionResponse(as, app, introspected)).to.include({
      active: true,
    })
    const revoked = await oauth.revocationRequest(
      as,
      app,
      basic,
      third.refresh_token ?? '',
      insecure,
    )
    expect(await oauth.processRevocationResponse(revoked)).to.equal(undefined)
  })

  it('sees invalid_grant and invalid_client', async () => {
    const wrong = await login('wrong').catch((error: oauth.ResponseBodyError) => error)
    expect(wrong).to.include({ error: 'invalid_grant' })
    const response = await oauth.clientCredentialsGrantRequest(
      as,
      app,
      oauth.ClientSecretPost('wrong'),
      {},
      insecure,
    )
    const refused = await oauth
      .processClientCredentialsResponse(as, app, response)
      .catch((error: oauth.WWWAuthenticateChallengeError) => error)
    expect(refused).to.be.instanceOf(oauth.WWWAuthenticateChallengeError)
  })
})
