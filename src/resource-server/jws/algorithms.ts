import { constants, type SigningOptions } from 'node:crypto'

/** What a JWS algorithm asks of a key and of `crypto.verify`. */
export interface SignatureAlgorithm {
  readonly keyType: 'ec' | 'rsa' | 'ed25519' | 'ml-dsa-44' | 'ml-dsa-65' | 'ml-dsa-87'
  /** OpenSSL's name of the only curve that the algorithm may be used with. */
  readonly curve?: string
  readonly hash: string | null
  readonly options: SigningOptions & { readonly dsaEncoding?: 'ieee-p1363' }
}

// RFC 7518 section 3.4: R and S side by side at full length, not DER.
const ecdsa = (hash: string, curve: string): SignatureAlgorithm => ({
  keyType: 'ec',
  curve,
  hash,
  options: { dsaEncoding: 'ieee-p1363' },
})

const pkcs1 = (hash: string): SignatureAlgorithm => ({
  keyType: 'rsa',
  hash,
  options: { padding: constants.RSA_PKCS1_PADDING },
})

// RFC 7518 section 3.5: the salt is exactly as long as the hash.
const pss = (hash: string): SignatureAlgorithm => ({
  keyType: 'rsa',
  hash,
  options: {
    padding: constants.RSA_PKCS1_PSS_PADDING,
    saltLength: constants.RSA_PSS_SALTLEN_DIGEST,
  },
})

/** The key alone says how: RFC 8032, FIPS 204. */
const plain = (keyType: SignatureAlgorithm['keyType']): SignatureAlgorithm => ({
  keyType,
  hash: null,
  options: {},
})

/**
 * Asymmetric signatures of RFC 7518 section 3.1, RFC 8037, RFC 9864 and RFC 9964 (ML-DSA, from Node 24.7 on: before,
 * there is no such key). There is no MAC and no `none`, so neither can be allowed by mistake. A map, because a name from a token must not find a member of Object.prototype.
 */
export const signatureAlgorithms: ReadonlyMap<string, SignatureAlgorithm> = new Map([
  ['ES256', ecdsa('sha256', 'prime256v1')],
  ['ES384', ecdsa('sha384', 'secp384r1')],
  ['ES512', ecdsa('sha512', 'secp521r1')],
  ['RS256', pkcs1('sha256')],
  ['RS384', pkcs1('sha384')],
  ['RS512', pkcs1('sha512')],
  ['PS256', pss('sha256')],
  ['PS384', pss('sha384')],
  ['PS512', pss('sha512')],
  ['EdDSA', plain('ed25519')],
  ['Ed25519', plain('ed25519')],
  ['ML-DSA-44', plain('ml-dsa-44')],
  ['ML-DSA-65', plain('ml-dsa-65')],
  ['ML-DSA-87', plain('ml-dsa-87')],
])

/** What Latchkey signs with, and what a verifier accepts unless told otherwise. */
export const defaultAlgorithms: readonly string[] = [
  'ES256',
  'ES384',
  'RS256',
  'PS256',
  'EdDSA',
  'ML-DSA-44',
  'ML-DSA-65',
]

/** Throws a TypeError for a name that is no asymmetric signature algorithm: an allow-list is the caller's to get right. */
export function assertSupported(names: readonly string[]): void {
  if (names.length === 0) throw new TypeError('allow at least one signature algorithm')
  for (const name of names) {
    if (!signatureAlgorithms.has(name)) {
      const supported = [...signatureAlgorithms.keys()].join(', ')
      throw new TypeError(`"${name}" is no supported signature algorithm; choose from ${supported}`)
    }
  }
}
