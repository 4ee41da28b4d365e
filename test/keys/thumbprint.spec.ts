import { generateKeyPairSync } from 'node:crypto'
import { expect } from 'chai'
import { calculateJwkThumbprint, type JWK } from 'jose'
import { thumbprint } from '../../src/keys/thumbprint.ts'

describe('RFC 7638 section 3.1 Example JWK Thumbprint Computation', () => {
  const jwk = {
    kty: 'RSA',
    n: '0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw',
    e: 'AQAB',
    alg: 'RS256',
    kid: '2011-04-29',
  }

  it('gives the thumbprint of the example, whatever else the JWK says', () => {
    expect(thumbprint(jwk)).to.equal('NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs')
  })

  it('gives the one of RFC 8037 appendix A.3 for Ed25519', () => {
    const okp = { kty: 'OKP', crv: 'Ed25519', x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo' }
    expect(thumbprint(okp)).to.equal('kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k')
  })

  it('gives the one that jose gives for ML-DSA, whose alg is a part of the key', async () => {
    const { publicKey } = generateKeyPairSync('ml-dsa-44')
    const jwk = publicKey.export({ format: 'jwk' })
    expect(jwk).to.include({ kty: 'AKP', alg: 'ML-DSA-44' })
    expect(thumbprint(jwk)).to.equal(await calculateJwkThumbprint(jwk as JWK))
  })

  it('has none for a symmetric key', () => {
    expect(() => thumbprint({ kty: 'oct', k: 'AA' })).to.throw(TypeError)
  })
})
