import { createHash, randomUUID } from 'node:crypto'
import type { JWK } from 'jose'
import { signCompact, type TestKey } from './issuer.ts'

export interface ProofParts {
  readonly header?: object
  readonly claims?: object
  /** Signs it; the key in the header is that of the proof. */
  readonly by?: TestKey
}

/** The members of a public key that its thumbprint is made of (RFC 7638 section 3.2). */
export function publicMembers({ publicJwk }: TestKey): JWK {
  const { kty = '', crv, x, y, e, n } = publicJwk
  return JSON.parse(JSON.stringify({ crv, e, kty, n, x, y }))
}

export const thumbprintOf = (key: TestKey): string =>
  createHash('sha256')
    .update(JSON.stringify(publicMembers(key)))
    .digest('base64url')

/** A DPoP proof for one request (RFC 9449 section 4.2). */
export const dpopProof = (
  key: TestKey,
  htm: string,
  htu: string,
  { header, claims, by = key }: ProofParts = {},
): string =>
  signCompact(
    { typ: 'dpop+jwt', alg: key.alg, jwk: publicMembers(key), ...header },
    { jti: randomUUID(), htm, htu, iat: Math.floor(Date.now() / 1000), ...claims },
    by,
  )

/** The claim ath of a proof that goes with an access token (RFC 9449 section 4.2). */
export const ath = (token: string): string => createHash('sha256').update(token).digest('base64url')
