import { expect } from 'chai'
import { createVerifier, type VerifierOptions } from '../../src/resource-server/index.ts'
import { goodClaims, makeKey, signCompact } from '../parts/issuer.ts'
import { protectedApis } from '../parts/protected-apis.ts'
import { rawGet } from '../parts/raw-request.ts'
import { until } from '../parts/until.ts'

const issuer = 'https://login.example'
const key = makeKey()

const verifierWith = (options: Partial<VerifierOptions>) =>
  createVerifier({
    issuer,
    audience: 'https://api.example',
    jwks: { keys: [key.publicJwk] },
    ...options,
  })

const tokenWith = (claims: object = {}) =>
  signCompact(
    { alg: 'ES256', typ: 'at+jwt', kid: key.kid },
    { ...goodClaims(issuer), ...claims },
    key,
  )

describe('a token that was good once', () => {
  it('is refused once it is revoked, remembered signature or not', async () => {
    for (const cache of [0, 1000]) {
      const revoked = new Set<string>()
      const verifier = verifierWith({ cache, isRevoked: async ({ jti }) => revoked.has(jti) })
      const token = tokenWith()
      const { jti } = await verifier.verify(token)
      expect((await verifier.verify(token)).jti).to.equal(jti)
      revoked.add(jti)
      const error = await verifier.verify(token).catch((reason) => reason)
      expect(error).to.include({ code: 'invalid_token', message: 'the token has been revoked' })
      const inspected = await verifier.inspect(token).catch((reason) => reason)
      expect(inspected).to.have.property('code', 'invalid_token')
    }
  })

  it('is refused once it has expired', async () => {
    const verifier = verifierWith({ clockTolerance: 0 })
    const exp = Math.floor(Date.now() / 1000) + 2
    const token = tokenWith({ exp })
    expect((await verifier.verify(token)).exp).to.equal(exp)
    const judge = () =>
      verifier.verify(token).then(
        () => 'good',
        (error) => error.message,
      )
    expect(await until(judge, (outcome) => outcome !== 'good')).to.equal('the token has expired')
    expect(Date.now() / 1000).to.be.at.least(exp)
  })

  it('is 503 while revocations cannot be read', async () => {
    const verifier = verifierWith({
      isRevoked: () => Promise.reject(new Error('the store is away')),
    })
    const api = await protectedApis.koa(verifier)
    const answer = await rawGet(`${api.url}/`, ['authorization', `Bearer ${tokenWith()}`])
    await api.close()
    expect(answer.status).to.equal(503)
    expect(JSON.stringify(answer.body)).not.to.contain('store')
  })

  it('gives each caller claims of its own', async () => {
    const verifier = verifierWith({})
    const token = tokenWith({ roles: ['reader'] })
    const claims = await verifier.verify(token)
    Object.assign(claims, { scope: 'admin' })
    expect(() => Object.assign(claims.roles ?? {}, ['admin'])).to.throw(TypeError)
    const again = await verifier.verify(token)
    expect(again).to.deep.include({ scope: 'me items', roles: ['reader'] })
  })

  it('lends its signature to no other token while the memory is full', async () => {
    const verifier = verifierWith({ cache: 2 })
    const tokens = [1, 2, 3, 4].map((n) => tokenWith({ sub: `user${n}` }))
    for (const _ of [1, 2]) {
      for (const [index, token] of tokens.entries()) {
        expect((await verifier.verify(token)).sub).to.equal(`user${index + 1}`)
        const [head, , signature] = token.split('.')
        const [, payload] = tokenWith({ sub: 'root' }).split('.')
        const forged = await verifier
          .verify(`${head}.${payload}.${signature}`)
          .catch((reason) => reason)
        expect(forged).to.have.property('code', 'invalid_token')
      }
    }
  })
})
