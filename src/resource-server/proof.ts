import type { KeyObject } from 'node:crypto'
import { claimsOf, hasType, InvalidJws, isSignedBy, parseJws } from './jws/compact.ts'
import { isObject, type JsonObject } from './jws/json.ts'
import { publicKeyOf } from './jws/keys.ts'

/** A DPoP proof whose form and signature are in order. What the claims say is yet to be judged. */
export interface Proof {
  readonly claims: JsonObject
  /** The key in its header, which signed it. */
  readonly key: KeyObject
}

/**
 * Reads the one proof among these DPoP fields (RFC 9449 section 4.3, points 1 to 7).
 *
 * @throws InvalidJws
 * @throws UnusableKey
 */
export function readProof(
  [proof, second]: readonly string[],
  algorithms: readonly string[],
): Proof {
  if (!proof || second !== undefined) throw new InvalidJws('exactly one DPoP header is required')
  const jws = parseJws(proof, algorithms)
  if (!hasType(jws.header, 'dpop+jwt')) throw new InvalidJws('typ is not dpop+jwt')
  if (!isObject(jws.header.jwk)) throw new InvalidJws('jwk is missing')
  const key = publicKeyOf(jws.header.jwk)
  if (!isSignedBy(key, jws)) throw new InvalidJws('the signature is wrong')
  return { claims: claimsOf(jws), key }
}
