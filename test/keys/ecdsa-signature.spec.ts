import { createPublicKey } from 'node:crypto'
import { expect } from 'chai'
import { joinHalves } from '../../src/keys/ecdsa-signature.ts'
import { generatePrivateKey, isSignature, signer } from '../../src/keys/signature.ts'

const halves = (hex: string, half: number) =>
  joinHalves(Buffer.from(hex, 'hex'), half).toString('hex')

describe('RFC 7518 section 3.4: R and S', () => {
  it('are as long as the curve, whatever DER made of them', () => {
    // A zero before a high bit; a number that is short; both.
    expect(halves('300702010102020080', 2)).to.equal('00010080')
    expect(halves('30060201ff020100', 1)).to.equal('ff00')
    expect(halves('3008020300ffff020101', 2)).to.equal('ffff0001')
    expect(halves('308106020101020102', 1)).to.equal('0102')
  })

  for (const [algorithm, length] of [
    ['ES256', 64],
    ['ES384', 96],
  ] as const) {
    it(`are what verifies as ${algorithm}, every time`, async () => {
      const privateKey = await generatePrivateKey(algorithm)
      const publicKey = createPublicKey(privateKey)
      const sign = signer(algorithm, privateKey)
      // One in 128 has a half that is short by a byte.
      for (let index = 0; index < 600; index += 1) {
        const data = Buffer.from(`${index}`)
        const signature = await sign(data)
        expect(signature).to.have.lengthOf(length)
        expect(isSignature(algorithm, publicKey, data, signature)).to.equal(true)
      }
    })
  }
})
