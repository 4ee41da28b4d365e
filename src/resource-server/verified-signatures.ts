import { hash, type KeyObject } from 'node:crypto'
import type { CryptoKey } from 'jose'

/** Remembers which tokens a key has been seen to have signed. */
export interface VerifiedSignatures {
  has(token: string, key: KeyObject | CryptoKey): boolean
  add(token: string, key: KeyObject | CryptoKey): void
}

/**
 * A bounded memory of good signatures, by the token's hash. It belongs to the key: when the key source gives another
 * one, or none, the signature is verified anew. Nothing else about a token is remembered, so expiry, audience and
 * revocation are judged at each call.
 */
export function verifiedSignatures(size: number): VerifiedSignatures {
  const keys = new Map<string, KeyObject | CryptoKey>()
  const digest = (token: string) => hash('sha256', token, 'base64')
  return {
    has: (token, key) => size > 0 && keys.get(digest(token)) === key,
    add(token, key) {
      if (size <= 0) return
      keys.set(digest(token), key)
      if (keys.size > size) {
        for (const oldest of keys.keys()) {
          keys.delete(oldest)
          break
        }
      }
    },
  }
}
