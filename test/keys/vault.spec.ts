import { createPublicKey, generateKeyPairSync, randomBytes, verify } from 'node:crypto'
import { expect } from 'chai'
import { algorithms } from '../../src/keys/algorithms.ts'
import { KeyFault } from '../../src/keys/key-fault.ts'
import { createSeal } from '../../src/keys/seal.ts'
import { createVault } from '../../src/keys/vault.ts'
import type { SealingSecret } from '../../src/keys/wrapping-key.ts'

const key = () => ({ key: randomBytes(32).toString('base64') })
const words = { passphrase: 'correct horse battery staple' }

const vault = (...secrets: [SealingSecret, ...SealingSecret[]]) =>
  createVault({ seal: createSeal(secrets) })

/** The message of the KeyFault that it must end with. */
async function fault(promise: Promise<unknown>): Promise<string> {
  const error = await promise.then(
    () => new Error('it was accepted'),
    (thrown: unknown) => thrown,
  )
  expect(error).to.be.instanceOf(KeyFault)
  return String(error)
}

/** Each part of a sealed text, one character altered. */
function altered(sealed: string): string[] {
  const parts = sealed.split('.')
  return parts.flatMap((part, index) =>
    [0, Math.floor(part.length / 2), part.length - 1].map((at) => {
      const other = part[at] === 'A' ? 'B' : 'A'
      return parts.with(index, part.slice(0, at) + other + part.slice(at + 1)).join('.')
    }),
  )
}

describe('a vault', () => {
  for (const algorithm of algorithms) {
    it(`opens the ${algorithm} key that it made, and nothing of it is legible`, async () => {
      const secret = key()
      const { material, publicJwk } = await vault(secret).create(algorithm)
      expect(Object.keys(material)).to.deep.equal(['sealed'])
      const opened = await vault(secret).open(material, publicJwk)
      expect(opened).to.deep.include({ kid: publicJwk.kid, algorithm, publicJwk })
      expect((await opened.sign(Buffer.from('data'))).length).to.be.above(60)
    })
  }

  it('keeps keys as they are without a seal, and finds them again', async () => {
    const { material, publicJwk } = await createVault().create('ES256')
    expect(material).to.have.nested.property('jwk.d')
    expect(await createVault().open(material, publicJwk)).to.include({ kid: publicJwk.kid })
    expect(createVault().seals).to.equal(false)
  })

  it('seals by a passphrase, whatever way its letters are composed', async () => {
    const composed = vault({ passphrase: 'caf\u00e9 au lait, s\u2019il vous pla\u00eet' })
    const decomposed = vault({ passphrase: 'cafe\u0301 au lait, s\u2019il vous plai\u0302t' })
    const kept = await composed.sealSecret(randomBytes(32), 'the refresh token key')
    const opened = await decomposed.openSecret(kept, 'the refresh token key')
    expect(opened.symmetricKeySize).to.equal(32)
  })

  it('derives one key from the passphrase for a whole ring', async () => {
    const salts = new Set<string>()
    const own = vault(words)
    for (const name of ['one', 'two', 'three']) {
      const kept = await own.sealSecret(randomBytes(32), name)
      if ('sealed' in kept) salts.add(kept.sealed.split('.')[0] ?? '')
    }
    expect(salts.size).to.equal(1)
  })

  it('takes a key of the operator that is fit, and no other', async () => {
    const own = vault(key())
    const rsa = (modulusLength: number) => generateKeyPairSync('rsa', { modulusLength }).privateKey
    const { material, publicJwk } = await own.take(rsa(2048), 'PS256')
    expect(await own.open(material, publicJwk)).to.include({ algorithm: 'PS256' })
    expect(await fault(own.take(rsa(1024), 'RS256'))).to.contain('less than 2048')
    const p256 = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    expect(await fault(own.take(p256.privateKey, 'ES384'))).to.contain('not P-384')
    expect(await fault(own.take(p256.publicKey, 'ES256'))).to.contain('no private key')
  })
})

describe('a sealed key', () => {
  const secret = key()
  const sealedKey = async () => {
    const { material, publicJwk } = await vault(secret).create('ES256')
    return { sealed: 'sealed' in material ? material.sealed : '', publicJwk }
  }

  it('does not open by another key or passphrase, or without any', async () => {
    const { sealed, publicJwk } = await sealedKey()
    for (const other of [key(), words])
      expect(await fault(vault(other).open({ sealed }, publicJwk))).to.contain('another passphrase')
    expect(await fault(createVault().open({ sealed }, publicJwk))).to.contain('give keys.seal')
  })

  it('opens by a former one that is still named, and is sealed anew by the first', async () => {
    const { sealed, publicJwk } = await sealedKey()
    const next = key()
    const both = vault(next, secret)
    expect(await both.open({ sealed }, publicJwk)).to.include({ kid: publicJwk.kid })
    const anew = await both.sealSecret(randomBytes(32), 'a name')
    expect((await vault(next).openSecret(anew, 'a name')).symmetricKeySize).to.equal(32)
  })

  it('does not open once any part of it was altered, cut off or put after it', async () => {
    const { sealed, publicJwk } = await sealedKey()
    const spoiled = [
      ...altered(sealed),
      sealed.slice(0, -8),
      `${sealed}.`,
      `${sealed}AAAA`,
      '',
      '..',
    ]
    for (const each of spoiled) await fault(vault(secret).open({ sealed: each }, publicJwk))
    expect(spoiled.length).to.equal(14)
  })

  it('does not open in the place of another', async () => {
    const [one, other] = [await sealedKey(), await sealedKey()]
    await fault(vault(secret).open({ sealed: one.sealed }, other.publicJwk))
    const algorithm = { ...one.publicJwk, alg: 'ES384' as const }
    await fault(vault(secret).open({ sealed: one.sealed }, algorithm))
    const own = vault(secret)
    const kept = await own.sealSecret(randomBytes(32), 'a name')
    await fault(own.openSecret(kept, 'another name'))
  })

  it('is not joined by one that is not sealed: whoever writes the ring could have put it there', async () => {
    const { material, publicJwk } = await createVault().create('ES256')
    expect(await fault(vault(secret).open(material, publicJwk))).to.contain('keys reseal')
    const plain = await createVault().sealSecret(randomBytes(32), 'a name')
    expect(await fault(vault(secret).openSecret(plain, 'a name'))).to.contain('keys reseal')
    const resealing = createVault({ seal: createSeal([secret]), opensPlain: true })
    expect(await resealing.open(material, publicJwk)).to.include({ kid: publicJwk.kid })
  })

  it('cannot ask for more memory or work than is sane', async () => {
    const { publicJwk } = await sealedKey()
    const costs = [
      { n: 2 ** 22, r: 8, p: 1 },
      { n: 2 ** 20, r: 8, p: 2 ** 20 },
      { n: 2 ** 17, r: 2 ** 20, p: 1 },
      { n: 1000, r: 8, p: 1 },
      { n: -2, r: 8, p: 1 },
      { n: '131072', r: 8, p: 1 },
    ]
    for (const cost of costs) {
      const header = { v: 1, kdf: 'scrypt', ...cost, salt: 'AAAA' }
      const sealed = `${Buffer.from(JSON.stringify(header)).toString('base64url')}.AAAA.AAAA`
      expect(await fault(vault(words).open({ sealed }, publicJwk))).to.contain('not sealed by')
    }
  })

  it('is not named, and neither is its secret, by what is thrown', async () => {
    const { sealed, publicJwk } = await sealedKey()
    const messages = await Promise.all([
      fault(vault(words).open({ sealed }, publicJwk)),
      fault(vault({ key: 'c2hvcnQ=' }).open({ sealed }, publicJwk)),
    ])
    for (const message of messages)
      for (const kept of [words.passphrase, sealed.slice(0, 20), 'c2hvcnQ'])
        expect(message).not.to.contain(kept)
  })
})

describe('what a vault opens', () => {
  it('signs for the public half that is published', async () => {
    const { material, publicJwk } = await createVault().create('EdDSA')
    const { sign } = await createVault().open(material, publicJwk)
    const published = createPublicKey({ key: { ...publicJwk }, format: 'jwk' })
    const data = Buffer.from('data')
    expect(verify(null, data, published, await sign(data))).to.equal(true)
    const other = await createVault().create('EdDSA')
    expect(await fault(createVault().open(material, other.publicJwk))).to.contain('another key')
  })
})
