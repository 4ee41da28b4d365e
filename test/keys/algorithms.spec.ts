import { expect } from 'chai'
import {
  createRemoteJWKSet,
  decodeJwt,
  decodeProtectedHeader,
  type JSONWebKeySet,
  jwtVerify,
} from 'jose'
import { algorithms } from '../../src/keys/algorithms.ts'
import { createVerifier, defaultAlgorithms } from '../../src/resource-server/index.ts'
import { type Latchkey, passwordGrant, secret, startLatchkey } from '../parts/latchkey.ts'
import { pyjwt } from '../parts/pyjwt.ts'

const audience = (algorithm: string) => `https://${algorithm.toLowerCase()}.example`
const issuer = 'https://auth.example'

type Metadata = Readonly<Record<string, unknown>>

/** RFC 7518 sections 3.3 to 3.5, RFC 8032 section 5.1.6, FIPS 204 section 4. */
const signatureBytes: Readonly<Record<string, number>> = {
  ES256: 64,
  ES384: 96,
  RS256: 256,
  PS256: 256,
  EdDSA: 64,
  'ML-DSA-44': 2420,
  'ML-DSA-65': 3309,
}

describe('a server whose APIs have each another algorithm', () => {
  let latchkey: Latchkey
  let jwksUri: URL
  const get = (path: string, headers = {}) => fetch(latchkey.service.url + path, { headers })

  before(async () => {
    latchkey = await startLatchkey({
      issuer,
      apis: algorithms.map((algorithm) => ({
        audience: audience(algorithm),
        scopes: ['read'],
        algorithm,
        profile: true,
      })),
    })
    jwksUri = new URL(`${latchkey.service.url}/.well-known/jwks.json`)
  })
  after(() => latchkey.stop())

  const tokenFor = async (algorithm: string, form = {}) =>
    (await latchkey.login({ resource: audience(algorithm), scope: 'read', ...form })).access_token

  it('has no algorithm that the SDK does not take by itself, nor the other way round', () => {
    expect(defaultAlgorithms).to.deep.equal(algorithms)
  })

  for (const algorithm of algorithms) {
    describe(algorithm, () => {
      let token: string
      before(async () => {
        token = await tokenFor(algorithm)
      })

      it('signs the token, with a signature of its own size', () => {
        expect(decodeProtectedHeader(token)).to.include({ alg: algorithm, typ: 'at+jwt' })
        const signature = Buffer.from(token.split('.')[2] ?? '', 'base64url')
        expect(signature.length).to.equal(signatureBytes[algorithm])
      })

      it('is verified by jose', async () => {
        const { payload } = await jwtVerify(token, createRemoteJWKSet(jwksUri), {
          issuer,
          audience: audience(algorithm),
          algorithms: [algorithm],
        })
        expect(payload.client_id).to.equal('web')
      })

      it('is verified by our SDK, which refuses a signature that was altered', async () => {
        const verifier = createVerifier({ issuer, audience: audience(algorithm), jwks: jwksUri })
        expect(await verifier.verify(token)).to.include({ client_id: 'web' })
        const altered = token.replace(/\.(.)(?=[^.]*$)/, (_, first) =>
          first === 'A' ? '.B' : '.A',
        )
        expect(altered).not.to.equal(token)
        const refusal = await verifier.verify(altered).catch((error: unknown) => error)
        expect(refusal).to.include({ code: 'invalid_token' })
      })

      it('opens /users/me, is introspected, and is over once it is revoked', async () => {
        const bearer = { Authorization: `Bearer ${token}` }
        const introspect = async () =>
          (await latchkey.post('/introspect', { token }, { basic: `resource-server:${secret}` }))
            .json
        expect((await get('/users/me', bearer)).status).to.equal(200)
        expect(await introspect()).to.include({ active: true, aud: audience(algorithm) })
        const { status } = await latchkey.post('/revoke', { token, client_id: 'web' })
        expect(status).to.equal(200)
        expect(await introspect()).to.deep.equal({ active: false })
        expect((await get('/users/me', bearer)).status).to.equal(401)
      })
    })
  }

  it('has those that PyJWT knows verified by it', async () => {
    const known = algorithms.filter((algorithm) => !algorithm.startsWith('ML-DSA'))
    const tokens = await Promise.all(
      known.map(async (algorithm) => ({
        jwt: await tokenFor(algorithm),
        algorithm,
        audience: audience(algorithm),
      })),
    )
    const { keys } = (await (await fetch(jwksUri)).json()) as JSONWebKeySet
    const jwks = { keys: keys.filter(({ kty }) => kty !== 'AKP') }
    expect(pyjwt({ issuer, jwks, tokens })).to.deep.equal(tokens.map(({ jwt }) => decodeJwt(jwt)))
  })

  it('has them all in the metadata', async () => {
    const metadata = (await (await get('/.well-known/openid-configuration')).json()) as Metadata
    expect(metadata.id_token_signing_alg_values_supported).to.have.members([...algorithms])
  })
})

describe('a server that has one algorithm alone', () => {
  // Which the engine takes for no ID token unless it is told to.
  for (const algorithm of ['ES384', 'ML-DSA-65'])
    it(`starts with ${algorithm}`, async () => {
      const latchkey = await startLatchkey({
        apis: [{ audience: audience(algorithm), scopes: ['read'], algorithm }],
        clients: [{ id: 'web', public: true, grants: ['password'] }],
      })
      const { access_token: token } = await latchkey.login()
      await latchkey.stop()
      expect(decodeProtectedHeader(token).alg).to.equal(algorithm)
    })
})

describe('a client with an algorithm of its own', () => {
  it('gets tokens and introspections signed by it, whatever its API has', async () => {
    const latchkey = await startLatchkey({
      apis: [{ audience: 'https://api.example', scopes: ['read'] }],
      clients: ['ES384', 'ML-DSA-44'].map((algorithm) => ({
        id: algorithm,
        secrets: [secret],
        grants: ['password'],
        introspectAll: true,
        algorithm,
      })),
    })
    try {
      for (const client of ['ES384', 'ML-DSA-44']) {
        const options = { basic: `${client}:${secret}` }
        const { username, password } = passwordGrant
        const form = { grant_type: 'password', username, password }
        const token = (await latchkey.post('/token', form, options)).json.access_token
        expect(decodeProtectedHeader(token).alg).to.equal(client)
        const accept = { Accept: 'application/token-introspection+jwt' }
        const answer = await latchkey.post(
          '/introspect',
          { token },
          { ...options, headers: accept },
        )
        expect(decodeProtectedHeader(answer.text).alg).to.equal(client)
      }
      const path = '/.well-known/oauth-authorization-server'
      const metadata = (await (await fetch(latchkey.service.url + path)).json()) as Metadata
      expect(metadata.introspection_signing_alg_values_supported).to.deep.equal([
        'ES384',
        'ML-DSA-44',
      ])
    } finally {
      await latchkey.stop()
    }
  })
})
