import { type KeyObject, verify } from 'node:crypto'
import type { CryptoKey } from 'jose'
import { signatureAlgorithms } from './algorithms.ts'
import { InvalidJson, type JsonObject, parseObject } from './json.ts'
import { usableKey } from './keys.ts'

/** A string that is not the compact JWS it should be; `message` says why, without repeating any of it. */
export class InvalidJws extends Error {
  override readonly name = 'InvalidJws'
}

export interface JwsHeader extends JsonObject {
  readonly alg: string
  readonly typ?: string
  readonly kid?: string
}

export interface Jws {
  readonly header: JwsHeader
  readonly payload: Buffer
  readonly signature: Buffer
  /** The octets that were signed: the first two parts as they were received (RFC 7515 section 5.2). */
  readonly signingInput: Buffer
}

/** Longest token that is looked at, in characters. */
const longestToken = 16 * 1024

/**
 * Takes a compact JWS apart and lets through only the one way of writing it: three parts in canonical base64url, a
 * header without repeated names, without `crit` (we understand no extension, RFC 7515 section 4.1.11), and with an
 * algorithm from the allow-list. Nothing is verified yet.
 *
 * @param longest in characters
 * @throws InvalidJws
 */
export function parseJws(jws: string, algorithms: readonly string[], longest = longestToken): Jws {
  if (jws.length > longest) throw new InvalidJws('too long')
  const parts = jws.split('.', 4)
  const [encodedHeader, encodedPayload, encodedSignature] = parts
  if (parts.length !== 3 || encodedHeader === undefined) throw new InvalidJws('not three parts')
  return {
    header: parseHeader(decode(encodedHeader), algorithms),
    payload: decode(encodedPayload),
    signature: decode(encodedSignature),
    signingInput: Buffer.from(`${encodedHeader}.${encodedPayload}`, 'latin1'),
  }
}

/**
 * Whether the signature is right under this key.
 *
 * @throws UnusableKey when the key is weak or not one for the header's algorithm.
 */
export function isSignedBy(key: KeyObject | CryptoKey, jws: Jws): boolean {
  const algorithm = signatureAlgorithms.get(jws.header.alg)
  if (!algorithm) return false
  const usable = usableKey(key, algorithm)
  return verify(
    algorithm.hash,
    jws.signingInput,
    { ...algorithm.options, key: usable },
    jws.signature,
  )
}

/** The JSON object in the payload (RFC 7519 section 7.2). @throws InvalidJws */
export function claimsOf(jws: Jws): JsonObject {
  return objectIn(jws.payload, 'the claims')
}

/**
 * Media types in `typ` compare without case and may omit `application/` (RFC 7515 section 4.1.9).
 */
export function hasType(header: JwsHeader, type: string): boolean {
  const typ = header.typ?.toLowerCase()
  return typ === type || typ === `application/${type}`
}

/** RFC 8725 section 3.10: keys that come along are no trust anchors. */
export const bringsOwnKey = (header: JwsHeader): boolean =>
  ['jwk', 'jku', 'x5u', 'x5c'].some((name) => Object.hasOwn(header, name))

// RFC 7515 section 2: no padding, no white space. Bits beyond the last octet are zero, so that no second spelling of a
// token passes where the first was revoked.
function decode(part = ''): Buffer {
  const bytes = Buffer.from(part, 'base64url')
  if (bytes.toString('base64url') !== part) throw new InvalidJws('not canonical base64url')
  return bytes
}

function parseHeader(bytes: Buffer, algorithms: readonly string[]): JwsHeader {
  const header = objectIn(bytes, 'the header')
  const { alg, typ, kid } = header
  if (typeof alg !== 'string' || !algorithms.includes(alg)) throw new InvalidJws('alg not allowed')
  if (typ !== undefined && typeof typ !== 'string') throw new InvalidJws('typ is no string')
  if (kid !== undefined && typeof kid !== 'string') throw new InvalidJws('kid is no string')
  if (Object.hasOwn(header, 'crit')) throw new InvalidJws('crit names an unknown extension')
  return { ...header, alg, ...(typ !== undefined && { typ }), ...(kid !== undefined && { kid }) }
}

function objectIn(bytes: Buffer, what: string): JsonObject {
  try {
    return parseObject(bytes)
  } catch (error) {
    if (error instanceof InvalidJson) throw new InvalidJws(`${what}: ${error.message}`)
    throw error
  }
}
