import { constants, generateKeyPair, type KeyObject, sign, verify } from 'node:crypto'
import { promisify } from 'node:util'
import type { Algorithm } from './algorithms.ts'
import { joinHalves } from './ecdsa-signature.ts'

const generate = promisify(generateKeyPair)

/** All there is to know about one JWS algorithm. */
interface Signature {
  generate(): Promise<{ privateKey: KeyObject }>
  /** What a key is that cannot be used with the algorithm; undefined when it can. */
  unfit(key: KeyObject): string | undefined
  readonly hash: 'sha256' | 'sha384' | null
  readonly options: {
    readonly dsaEncoding?: 'ieee-p1363'
    readonly padding?: number
    readonly saltLength?: number
  }
  /** Bytes of R and of S, where a signature is these two. */
  readonly half?: number
  /** Slow enough to be signed in libuv's pool. */
  readonly pooled: boolean
}

// RFC 7518 sections 3.3 and 3.5.
const leastModulus = 2048

const rsa = {
  generate: () => generate('rsa', { modulusLength: leastModulus }),
  unfit(key: KeyObject) {
    if (key.asymmetricKeyType !== 'rsa') return 'a key that is not RSA'
    const bits = key.asymmetricKeyDetails?.modulusLength ?? 0
    return bits < leastModulus ? `an RSA key of ${bits} bits, less than 2048` : undefined
  },
  hash: 'sha256',
  pooled: true,
} as const

const ecdsa = (
  curve: 'P-256' | 'P-384',
  name: string,
  hash: 'sha256' | 'sha384',
  half: number,
): Signature => ({
  generate: () => generate('ec', { namedCurve: curve }),
  unfit: (key) =>
    key.asymmetricKeyDetails?.namedCurve === name ? undefined : `a key that is not ${curve}`,
  hash,
  // RFC 7518 section 3.4: R || S, not DER.
  options: { dsaEncoding: 'ieee-p1363' },
  half,
  pooled: false,
})

// Ten times the work of ES256 and more, as signing begins anew until a signature fits (FIPS 204 section 6.2).
const mlDsa = (type: 'ml-dsa-44' | 'ml-dsa-65'): Signature => ({
  generate: () => generate(type),
  unfit: (key) =>
    key.asymmetricKeyType === type ? undefined : `a key that is not ${type.toUpperCase()}`,
  hash: null,
  options: {},
  pooled: true,
})

const signatures: Readonly<Record<Algorithm, Signature>> = {
  ES256: ecdsa('P-256', 'prime256v1', 'sha256', 32),
  ES384: ecdsa('P-384', 'secp384r1', 'sha384', 48),
  RS256: { ...rsa, options: { padding: constants.RSA_PKCS1_PADDING } },
  // RFC 7518 section 3.5: the salt is as long as the hash.
  PS256: { ...rsa, options: { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 } },
  EdDSA: {
    generate: () => generate('ed25519'),
    unfit: (key) => (key.asymmetricKeyType === 'ed25519' ? undefined : 'a key that is not Ed25519'),
    hash: null,
    options: {},
    pooled: false,
  },
  'ML-DSA-44': mlDsa('ml-dsa-44'),
  'ML-DSA-65': mlDsa('ml-dsa-65'),
}

export async function generatePrivateKey(algorithm: Algorithm): Promise<KeyObject> {
  return (await signatures[algorithm].generate()).privateKey
}

/** JWS signature bytes over `data`, in libuv's pool or at once (see SigningKey). */
export function signer(
  algorithm: Algorithm,
  privateKey: KeyObject,
): (data: Uint8Array) => Buffer | Promise<Buffer> {
  const { hash, options, half, pooled } = signatures[algorithm]
  if (half !== undefined) return (data) => joinHalves(sign(hash, data, privateKey), half)
  const key = { key: privateKey, ...options }
  if (!pooled) return (data) => sign(hash, data, key)
  return (data) =>
    new Promise((resolve, reject) =>
      sign(hash, data, key, (error, signature) => (error ? reject(error) : resolve(signature))),
    )
}

/** What a key, or its public half, is that cannot be used with the algorithm; undefined when it can. */
export const unfit = (algorithm: Algorithm, key: KeyObject): string | undefined =>
  signatures[algorithm].unfit(key)

/** Whether these are the signature's bytes over `data`. */
export function isSignature(
  algorithm: Algorithm,
  publicKey: KeyObject,
  data: Uint8Array,
  signature: Uint8Array,
): boolean {
  const { hash, options } = signatures[algorithm]
  return verify(hash, data, { key: publicKey, ...options }, signature)
}

/** What is wrong with a pair of keys for the algorithm; undefined when it can sign. */
export function unfitness(
  algorithm: Algorithm,
  privateKey: KeyObject,
  publicKey: KeyObject,
): string | undefined {
  const { hash, options } = signatures[algorithm]
  const unusable = unfit(algorithm, privateKey)
  if (unusable) return unusable
  // OpenSSL does not compare the halves of an RSA key it is given: a signature tells.
  const probe = Buffer.from('latchkey')
  const signature = sign(hash, probe, { key: privateKey, ...options })
  return isSignature(algorithm, publicKey, probe, signature)
    ? undefined
    : 'a private and a public half that do not belong together'
}
