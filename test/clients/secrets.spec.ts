import { expect } from 'chai'
import fc from 'fast-check'
import { SecretsBusy } from '../../src/clients/gate.ts'
import {
  generateSecret,
  hashChosenSecret,
  hashSecret,
  isHashedSecret,
  verifySecret,
} from '../../src/clients/secrets.ts'

const chosen = 'p+a/s=s%w:o&r d'
const chosenHash = await hashChosenSecret(chosen)

describe('client secrets', () => {
  it('generated ones hold 256 bits in letters and digits, and never repeat', () => {
    const secrets = Array.from({ length: 200 }, generateSecret)
    for (const secret of secrets) expect(secret).to.match(/^[A-Za-z0-9]{43}$/)
    expect(43 * Math.log2(62)).to.be.above(256)
    expect(new Set(secrets)).to.have.lengthOf(200)
    expect(new Set(secrets.join(''))).to.have.lengthOf(62)
  })

  it('are stored salted, in forms that name themselves', () => {
    const secret = generateSecret()
    expect(hashSecret(secret)).to.match(/^\$sha256\$[\w-]{22}\$[\w-]{43}$/)
    expect(hashSecret(secret)).not.to.equal(hashSecret(secret))
    expect(chosenHash).to.match(/^\$scrypt\$ln=14,r=8,p=1\$[\w-]{22}\$[\w-]{43}$/)
    expect([hashSecret(secret), chosenHash].every(isHashedSecret)).to.equal(true)
    expect(['', secret, '$sha256$a$b', `${chosenHash}=`].some(isHashedSecret)).to.equal(false)
  })

  it('are verified against each stored form, whatever the order', async () => {
    const generated = generateSecret()
    const stored = ['plain', hashSecret(generated), chosenHash]
    for (const secret of ['plain', generated, chosen]) {
      expect(await verifySecret([secret], stored)).to.equal(true)
      expect(await verifySecret([secret], stored.toReversed())).to.equal(true)
      expect(await verifySecret(['wrong', secret], stored)).to.equal(true)
    }
    for (const wrong of ['', 'Plain', `${generated} `, chosen.slice(1), chosenHash])
      expect(await verifySecret([wrong], stored), wrong).to.equal(false)
  })

  it('are wrong when there is nothing to compare', async () => {
    expect(await verifySecret([], ['a'])).to.equal(false)
    expect(await verifySecret(['a'], [])).to.equal(false)
  })

  it('a stored hash is never itself the secret', async () => {
    const hash = hashSecret('a')
    expect(await verifySecret([hash], [hash])).to.equal(false)
  })

  it('any printable text is one', async () => {
    const printable = fc.string({
      unit: fc.integer({ min: 32, max: 126 }).map((code) => String.fromCharCode(code)),
      minLength: 1,
      maxLength: 60,
    })
    await fc.assert(
      fc.asyncProperty(printable, printable, async (secret, other) => {
        const stored = [hashSecret(secret)]
        expect(await verifySecret([secret], stored)).to.equal(true)
        expect(await verifySecret([secret], [secret])).to.equal(true)
        expect(await verifySecret([other], stored)).to.equal(other === secret)
      }),
    )
  })

  it('a slow hash is shared by parallel requests and remembered after the first', async () => {
    const stored = [await hashChosenSecret('shared')]
    const outcomes = await Promise.all(
      Array.from({ length: 500 }, () => verifySecret(['shared'], stored)),
    )
    expect(outcomes.every(Boolean)).to.equal(true)
    for (const _ of [1, 2]) expect(await verifySecret(['Shared'], stored)).to.equal(false)
  })

  it('guesses at slow hashes wait in bounded number, and more are turned away', async () => {
    const stored = [await hashChosenSecret('a')]
    const guesses = Array.from({ length: 40 }, (_, index) =>
      verifySecret([`guess ${index}`], stored),
    )
    const outcomes = await Promise.allSettled(guesses)
    const refused = outcomes.filter(({ status }) => status === 'rejected')
    expect(refused).to.have.lengthOf(8)
    for (const outcome of refused)
      if (outcome.status === 'rejected') expect(outcome.reason).to.be.instanceOf(SecretsBusy)
    expect(await verifySecret(['a'], stored)).to.equal(true)
  })
})
