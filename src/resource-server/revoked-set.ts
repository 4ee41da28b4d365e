import { hash } from 'node:crypto'
import type { AccessTokenClaims } from './claims.ts'

export const revocationKinds = ['token', 'family', 'user', 'client', 'everything'] as const

/** One line of the feed: what ended, its SHA-256 in base64url ('' for everything), and when, in ms since 1970. */
export interface RevocationEntry {
  readonly kind: (typeof revocationKinds)[number]
  readonly digest: string
  readonly at: number
}

export interface RevokedSet {
  add(entry: RevocationEntry): void
  /** Forgets what ended at or before `at`: no token that it concerns is alive. */
  forget(at: number): void
  has(claims: AccessTokenClaims): boolean
  readonly size: () => number
}

/**
 * What is known to have ended. Frozen claims that were looked up in vain cost nothing until there is
 * news, and others a hash for its `jti` and `sid`, and for its user and client where a cut-off is
 * as late as the token.
 */
export function revokedSet(): RevokedSet {
  const ended = new Map(revocationKinds.map((kind) => [kind, new Map<string, number>()]))
  const latest = new Map<RevocationEntry['kind'], number>()
  /** Claims that nothing had ended, and as of which news. */
  const spared = new WeakMap<AccessTokenClaims, number>()
  let news = 0

  /** When it ended, in milliseconds since 1970; 0 if it did not. */
  const endOf = (kind: RevocationEntry['kind'], target: unknown): number => {
    const known = ended.get(kind)
    if (known === undefined || known.size === 0 || typeof target !== 'string') return 0
    return known.get(kind === 'everything' ? '' : hash('sha256', target, 'base64url')) ?? 0
  }
  // iat has whole seconds: what was issued in the second of a cut-off is dead (ADR 0002).
  const isCutOff = (kind: RevocationEntry['kind'], target: string, iat: number): boolean =>
    iat * 1000 <= (latest.get(kind) ?? 0) && iat * 1000 <= endOf(kind, target)

  const isEnded = ({ jti, sid, sub, client_id, iat }: AccessTokenClaims): boolean =>
    endOf('token', jti) > 0 ||
    endOf('family', sid) > 0 ||
    isCutOff('user', sub, iat) ||
    isCutOff('client', client_id, iat) ||
    isCutOff('everything', '', iat)

  return {
    add({ kind, digest, at }) {
      const known = ended.get(kind)
      const before = known?.get(digest) ?? 0
      // Last in the order in which they will be forgotten.
      known?.delete(digest)
      known?.set(digest, Math.max(before, at))
      latest.set(kind, Math.max(latest.get(kind) ?? 0, at))
      news += 1
    },
    forget(limit) {
      for (const known of ended.values()) {
        for (const [digest, at] of known) {
          if (at > limit) break
          known.delete(digest)
        }
      }
    },
    has(claims) {
      if (spared.get(claims) === news) return false
      const dead = isEnded(claims)
      // What may change may come again as another token.
      if (!dead && Object.isFrozen(claims)) spared.set(claims, news)
      return dead
    },
    size: () => [...ended.values()].reduce((sum, known) => sum + known.size, 0),
  }
}
