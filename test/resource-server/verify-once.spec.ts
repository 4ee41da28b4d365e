import { expect } from 'chai'
import { BearerError, verifyAccessToken } from '../../src/resource-server/index.ts'
import { type Latchkey, startLatchkey } from '../parts/latchkey.ts'

describe('verifyAccessToken', () => {
  let server: Latchkey

  before(async () => {
    server = await startLatchkey()
  })
  after(() => server.stop())

  it('finds the keys through the metadata and gives the claims [BEA-11 MET-03]', async () => {
    const options = { issuer: server.issuer, audience: 'https://api.example', scopes: ['read'] }
    const { access_token: token } = await server.login({ scope: 'read' })
    for (const _again of [1, 2]) {
      expect(await verifyAccessToken(token, options)).to.include({
        scope: 'read',
        client_id: 'web',
      })
    }
  })

  it('refuses too little scope with 403, and a token for another API with 401 [BEA-12]', async () => {
    const { access_token: token } = await server.login({ scope: 'read' })
    const refused = async (more: { audience: string; scopes?: string[] }) =>
      verifyAccessToken(token, { issuer: server.issuer, ...more }).catch((error: unknown) => error)
    const lacking = await refused({ audience: 'https://api.example', scopes: ['read', 'write'] })
    expect(lacking).to.be.instanceOf(BearerError)
    expect(lacking).to.include({ code: 'insufficient_scope', status: 403, scope: 'read write' })
    expect(await refused({ audience: 'https://rsa.example' })).to.include({
      code: 'invalid_token',
      status: 401,
    })
  })
})
