import { expect } from 'chai'
import { calculateJwkThumbprint } from 'jose'
import { algorithms } from '../../src/keys/algorithms.ts'
import { openKeyStore } from '../../src/keys/key-store.ts'
import { temporaryFolder } from '../parts/temporary-folder.ts'

const membersOf: Record<string, readonly string[]> = {
  EC: ['alg', 'crv', 'kid', 'kty', 'use', 'x', 'y'],
  OKP: ['alg', 'crv', 'kid', 'kty', 'use', 'x'],
  RSA: ['alg', 'e', 'kid', 'kty', 'n', 'use'],
}

describe('RFC 7517 the public JWKs of the key set', () => {
  const jwks: Record<string, unknown>[] = []

  before(async () => {
    await using folder = await temporaryFolder()
    const store = await openKeyStore({ folder: folder.path, algorithms, retention: 3900 })
    jwks.push(...store.current().keys.map(({ publicJwk }) => ({ ...publicJwk })))
    await store.close()
  })

  const octets = (value: unknown) => Buffer.from(String(value), 'base64url')

  it('section 9.2: have the public members and no other', () => {
    expect(jwks.map(({ alg }) => alg)).to.have.members([...algorithms])
    for (const jwk of jwks)
      expect(Object.keys(jwk), String(jwk.alg)).to.have.members([
        ...(membersOf[String(jwk.kty)] ?? []),
      ])
  })

  it('sections 4.2 and 4.3: say what they are for by use, and not by key_ops', () => {
    for (const jwk of jwks) {
      expect(jwk).to.include({ use: 'sig' })
      expect(jwk).not.to.have.property('key_ops')
    }
  })

  it('section 4.5 with RFC 7638: have distinct thumbprints as kid', async () => {
    for (const jwk of jwks) expect(jwk.kid).to.equal(await calculateJwkThumbprint(jwk))
    expect(new Set(jwks.map(({ kid }) => kid))).to.have.lengthOf(algorithms.length)
  })

  it('RFC 7518 section 6.2.1.2: EC coordinates have their full length', () => {
    for (const { x, y } of jwks.filter(({ kty }) => kty === 'EC'))
      expect([octets(x).length, octets(y).length]).to.deep.equal([32, 32])
  })

  it('RFC 7518 sections 3.3 and 6.3.1.1: RSA moduli have 2048 bits and no leading zero', () => {
    const rsa = jwks.filter(({ kty }) => kty === 'RSA')
    expect(rsa).to.have.lengthOf(2)
    for (const { n } of rsa) {
      expect(octets(n)).to.have.lengthOf(256)
      expect(octets(n)[0]).to.be.at.least(0x80)
    }
  })

  it('RFC 7515 section 2: members are base64url without padding', () => {
    for (const jwk of jwks)
      for (const name of ['n', 'e', 'x', 'y'].filter((name) => name in jwk))
        expect(jwk[name], name).to.match(/^[A-Za-z0-9_-]+$/)
  })
})
