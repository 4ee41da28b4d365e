import { hash, type KeyObject } from 'node:crypto'
import type { CryptoKey } from 'jose'
import type { JsonObject } from './jws/json.ts'

type Key = KeyObject | CryptoKey

/** What a judge of tokens keeps with one of them until the next call. */
export interface TokenMemory {
  /** The revocations among which it was looked for last, in vain. */
  sparedAsOf?: object
}

export interface VerifiedToken {
  /** Frozen, and the same object each time. */
  readonly payload: JsonObject
  readonly memory: TokenMemory
}

/** Remembers which tokens a key has been seen to have signed. */
export interface VerifiedSignatures {
  /** What is known of a token, or else what `verify` finds. @throws what `verify` throws */
  of(token: string, key: Key, verify: () => JsonObject): VerifiedToken
}

/**
 * A bounded memory of good signatures, by the token's hash. It belongs to the key: when the key source gives another
 * one, or none, the signature is verified anew. What the token says is remembered, and no judgement on it: expiry,
 * audience and revocation are judged at each call.
 */
export function verifiedSignatures(size: number): VerifiedSignatures {
  const seen = new Map<string, VerifiedToken & { readonly key: Key }>()
  return {
    of(token, key, verify) {
      if (size <= 0) return { payload: verify(), memory: {} }
      const digest = hash('sha256', token, 'base64')
      const known = seen.get(digest)
      if (known?.key === key) return known
      const verified = { key, payload: verify(), memory: {} }
      seen.set(digest, verified)
      const [oldest] = seen.keys()
      if (seen.size > size && oldest !== undefined) seen.delete(oldest)
      return verified
    },
  }
}
