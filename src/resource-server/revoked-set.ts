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

/** What is known to have ended. A lookup costs one hash for each kind of which there is any. */
export function revokedSet(): RevokedSet {
  const ended = new Map(revocationKinds.map((kind) => [kind, new Map<string, number>()]))

  /** When it ended, in milliseconds since 1970; 0 if it did not. */
  const endOf = (kind: RevocationEntry['kind'], target: unknown): number => {
    const known = ended.get(kind)
    if (known === undefined || known.size === 0 || typeof target !== 'string') return 0
    return known.get(kind === 'everything' ? '' : hash('sha256', target, 'base64url')) ?? 0
  }

  return {
    add({ kind, digest, at }) {
      const known = ended.get(kind)
      const before = known?.get(digest) ?? 0
      // Last in the order in which they will be forgotten.
      known?.delete(digest)
      known?.set(digest, Math.max(before, at))
    },
    forget(limit) {
      for (const known of ended.values()) {
        for (const [digest, at] of known) {
          if (at > limit) break
          known.delete(digest)
        }
      }
    },
    // iat has whole seconds: what was issued in the second of a cut-off is dead (ADR 0002).
    has: ({ jti, sid, sub, client_id, iat }) =>
      endOf('token', jti) > 0 ||
      endOf('family', sid) > 0 ||
      iat * 1000 <=
        Math.max(endOf('user', sub), endOf('client', client_id), endOf('everything', '')),
    size: () => [...ended.values()].reduce((sum, known) => sum + known.size, 0),
  }
}
