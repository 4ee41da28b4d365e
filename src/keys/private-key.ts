import { createPrivateKey, type KeyObject } from 'node:crypto'
import { type Algorithm, algorithms } from './algorithms.ts'
import { KeyFault } from './key-fault.ts'
import { privateKeyOf } from './signing-pair.ts'

/** A private key from elsewhere, and the algorithm that it is for, where it says. */
export interface ForeignKey {
  readonly key: KeyObject
  readonly algorithm: Algorithm | undefined
}

/**
 * Reads a private key: PEM (PKCS#8, SEC1 or PKCS#1) or JWK. RSA keys may be for more than one
 * algorithm, and say so only in a JWK. Throws KeyFault, which quotes nothing.
 */
export function readPrivateKey(text: string): ForeignKey {
  if (text.trimStart().startsWith('{')) return readJwk(text)
  if (/-----BEGIN ENCRYPTED|^Proc-Type: 4,ENCRYPTED/m.test(text))
    throw new KeyFault('the key has a passphrase: take it off with `openssl pkey` first, in a pipe')
  try {
    const key = createPrivateKey(text)
    return { key, algorithm: algorithmOf(key) }
  } catch {
    throw new KeyFault('this is no private key in PEM (PKCS#8, SEC1, PKCS#1) and no JWK')
  }
}

function readJwk(text: string): ForeignKey {
  let jwk: Record<string, unknown>
  try {
    jwk = JSON.parse(text)
  } catch {
    throw new KeyFault('this is no whole JWK')
  }
  if (Array.isArray(jwk.keys)) throw new KeyFault('this is a set of keys: give one JWK of it')
  const named = algorithms.find((algorithm) => algorithm === jwk.alg)
  if (jwk.alg !== undefined && named === undefined)
    throw new KeyFault(`the alg of this key is none of ${algorithms.join(', ')}`)
  if (jwk.d === undefined && jwk.priv === undefined)
    throw new KeyFault('this is a public key: give the private one')
  const key = privateKeyOf({ ...jwk })
  return { key, algorithm: named ?? algorithmOf(key) }
}

const byCurve: Readonly<Record<string, Algorithm>> = { prime256v1: 'ES256', secp384r1: 'ES384' }

/** Undefined for RSA, and for what cannot sign here at all. */
function algorithmOf({
  asymmetricKeyType,
  asymmetricKeyDetails,
}: KeyObject): Algorithm | undefined {
  if (asymmetricKeyType === 'ed25519') return 'EdDSA'
  const name = asymmetricKeyType?.toUpperCase()
  return (
    algorithms.find((algorithm) => algorithm === name) ??
    byCurve[asymmetricKeyDetails?.namedCurve ?? '']
  )
}
