import { expect } from 'chai'
import { type Apache, startApache } from '../parts/apache.ts'
import { type Latchkey, secret, startLatchkey } from '../parts/latchkey.ts'

/** Apache's mod_oauth2 as a resource server, once with our keys and once by introspection. */
describe('Apache mod_oauth2', function () {
  this.timeout(30_000)
  let server: Latchkey
  let apache: Apache

  before(async () => {
    server = await startLatchkey()
    apache = await startApache(
      ['oauth2'],
      ['jwks', 'introspect'],
      `
<Location /jwks>
  AuthType oauth2
  OAuth2TokenVerify jwks_uri ${server.issuer}/.well-known/jwks.json verify.exp=required
  Require oauth2_claim scope:read
</Location>
<Location /introspect>
  AuthType oauth2
  OAuth2TokenVerify introspect ${server.issuer}/introspect introspect.auth=client_secret_basic&client_id=resource-server&client_secret=${secret}
  Require valid-user
</Location>`,
    )
  })
  after(async () => {
    await apache.stop()
    await server.stop()
  })

  const ask = async (path: string, token: string) => {
    const response = await fetch(apache.url + path, {
      headers: { Authorization: `Bearer ${token}` },
    })
    await response.text()
    return response.status
  }

  it('validates our tokens with our keys, and their scope as one string', async () => {
    const { access_token: token } = await server.login({ scope: 'read' })
    expect(await ask('/jwks', token)).to.equal(200)
    expect(await ask('/jwks', `${token.slice(0, -8)}AAAAAAAA`)).to.equal(401)
  })

  it('introspects, for users and for services, and sees revocation', async () => {
    const user = await server.login()
    expect(await ask('/introspect', user.access_token)).to.equal(200)
    const service = await server.post(
      '/token',
      { grant_type: 'client_credentials' },
      { basic: `app:${secret}` },
    )
    expect(await ask('/introspect', service.json.access_token)).to.equal(200)
    const revoked = await server.login()
    await server.post('/revoke', { token: revoked.access_token, client_id: 'web' })
    expect(await ask('/introspect', revoked.access_token)).to.equal(401)
  })
})
