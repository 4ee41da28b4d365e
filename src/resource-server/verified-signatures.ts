import { hash, type KeyObject } from 'node:crypto'
import type { CryptoKey } from 'jose'
import type { JsonObject } from './jws/json.ts'

type Key = KeyObject | CryptoKey

/** Remembers which tokens a key has been seen to have signed. */
export interface VerifiedSignatures {
  /** The payload of a token, frozen, the same object each time. */
  payloadOf(token: string, key: Key): JsonObject | undefined
  add(token: string, key: Key, payload: JsonObject): void
}

/**
 * A bounded memory of good signatures, by the token's hash. It belongs to the key: when the key source gives another
 * one, or none, the signature is verified anew. What the token says is remembered, and no judgement on it: expiry,
 * audience and revocation are judged at each call.
 */
export function verifiedSignatures(size: number): VerifiedSignatures {
  const seen = new Map<string, { readonly key: Key; readonly payload: JsonObject }>()
  const digest = (token: string) => hash('sha256', token, 'base64')
  return {
    payloadOf(token, key) {
      const known = size > 0 ? seen.get(digest(token)) : undefined
      return known?.key === key ? known.payload : undefined
    },
    add(token, key, payload) {
      if (size <= 0) return
      seen.set(digest(token), { key, payload })
      if (seen.size > size) {
        for (const oldest of seen.keys()) {
          seen.delete(oldest)
          break
        }
      }
    },
  }
}
