import { hash } from 'node:crypto'

/** Keys of the issuer that were compromised, by their kids. */
export interface CutKeys {
  /** @param digest of a kid: SHA-256 in base64url */
  add(digest: string): void
  /** Whether the key of a header is one of them; where there are any, a header without kid may mean it. */
  has(kid: string | undefined): boolean
  readonly size: () => number
}

/**
 * Never forgets: who has the key can date a token as he likes, so there is no time after which none
 * is alive. An issuer cuts few keys in its life.
 */
export function cutKeys(): CutKeys {
  const digests = new Set<string>()
  return {
    add: (digest) => void digests.add(digest),
    has: (kid) =>
      digests.size > 0 && (kid === undefined || digests.has(hash('sha256', kid, 'base64url'))),
    size: () => digests.size,
  }
}
