import { createPrivateKey, createPublicKey, type JsonWebKey, type KeyObject } from 'node:crypto'
import type { Algorithm } from './algorithms.ts'
import { KeyFault } from './key-fault.ts'
import type { PublicJwk } from './key-set.ts'
import { unfitness } from './signature.ts'
import { thumbprint } from './thumbprint.ts'

/** Both halves of a key that may sign with the algorithm. */
export interface SigningPair {
  readonly privateKey: KeyObject
  readonly publicKey: KeyObject
  readonly publicJwk: PublicJwk
}

/** The JWK under which a public key is published: with its thumbprint as kid, and alg and use. */
export function publicJwkOf(publicKey: KeyObject, algorithm: Algorithm): PublicJwk {
  const jwk = publicKey.export({ format: 'jwk' })
  return { ...jwk, kid: thumbprint(jwk), alg: algorithm, use: 'sig' }
}

/** Throws KeyFault for a key that is none for the algorithm, or too weak. */
export function signingPair(privateKey: KeyObject, algorithm: Algorithm): SigningPair {
  if (privateKey.type !== 'private')
    throw new KeyFault('this is no private key: give the private half, as PEM or JWK')
  const publicKey = createPublicKey(privateKey)
  const unfit = unfitness(algorithm, privateKey, publicKey)
  if (unfit) throw new KeyFault(`this is ${unfit}: it cannot sign with ${algorithm}`)
  return { privateKey, publicKey, publicJwk: publicJwkOf(publicKey, algorithm) }
}

/** The key of a private JWK. Throws KeyFault, which does not quote it. */
export function privateKeyOf(jwk: JsonWebKey): KeyObject {
  try {
    return createPrivateKey({ key: jwk, format: 'jwk' })
  } catch {
    throw new KeyFault('this is no usable private key')
  }
}
