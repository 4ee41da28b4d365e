import { createPublicKey, type JsonWebKey, KeyObject } from 'node:crypto'
import type { CryptoKey } from 'jose'
import type { SignatureAlgorithm } from './algorithms.ts'
import { hasRocaFingerprint } from './roca.ts'

/** A key that may not verify anything; `message` says why. */
export class UnusableKey extends Error {
  override readonly name = 'UnusableKey'
}

const checked = new WeakMap<KeyObject | CryptoKey, KeyObject>()

/**
 * The key, when it is a public one, sound, and of the kind that the algorithm asks for. What does not depend on the
 * algorithm is checked once per key.
 *
 * @throws UnusableKey
 */
export function usableKey(key: KeyObject | CryptoKey, algorithm: SignatureAlgorithm): KeyObject {
  let sound = checked.get(key)
  if (!sound) {
    sound = key instanceof KeyObject ? key : KeyObject.from(key)
    assertSound(sound)
    checked.set(key, sound)
  }
  // RFC 8725 section 3.1: a key is used with the algorithm it was made for.
  if (sound.asymmetricKeyType !== algorithm.keyType)
    throw new UnusableKey('key type and alg differ')
  if (algorithm.curve && sound.asymmetricKeyDetails?.namedCurve !== algorithm.curve) {
    throw new UnusableKey('curve and alg differ')
  }
  return sound
}

/** RFC 7518 sections 6.2.2, 6.3.2 and 6.4, RFC 9964: members that hold private or symmetric material. */
const secretMembers = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k', 'priv']

/**
 * The key of a public JWK. EC points that are not on their curve are refused by OpenSSL (RFC 8725 section 3.4).
 *
 * @throws UnusableKey
 */
export function publicKeyOf(jwk: JsonWebKey): KeyObject {
  if (secretMembers.some((name) => Object.hasOwn(jwk, name))) {
    throw new UnusableKey('the JWK holds secret material')
  }
  try {
    return createPublicKey({ format: 'jwk', key: jwk })
  } catch (cause) {
    throw new UnusableKey('the JWK is no public key', { cause })
  }
}

function assertSound(key: KeyObject): void {
  if (key.type !== 'public') throw new UnusableKey('not a public key')
  if (key.asymmetricKeyType !== 'rsa') return
  const { modulusLength = 0, publicExponent = 0n } = key.asymmetricKeyDetails ?? {}
  // RFC 7518 section 3.3 sets the least size; the greatest bounds the work that a proof's own key can cause.
  if (modulusLength < 2048 || modulusLength > 8192) {
    throw new UnusableKey('an RSA key has 2048 to 8192 bits')
  }
  // FIPS 186-5 appendix A.1.1: odd and greater than 2^16. The upper bound keeps verification cheap.
  if (publicExponent < 65537n || publicExponent > 0xffffffffn || publicExponent % 2n === 0n) {
    throw new UnusableKey('the RSA exponent is too small, too large or even')
  }
  const { n = '' } = key.export({ format: 'jwk' })
  if (hasRocaFingerprint(BigInt(`0x${Buffer.from(n, 'base64url').toString('hex')}`))) {
    throw new UnusableKey('the RSA key can be factored (CVE-2017-15361)')
  }
}
