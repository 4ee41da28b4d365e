import { hash } from 'node:crypto'
import type { AccessTokenClaims } from './claims.ts'

export const revocationKinds = ['token', 'family', 'user', 'client', 'everything'] as const

/**
 * One line of the feed: what ended, and when, in ms since 1970. The name is the id of a token or a
 * family, the SHA-256 of a user's or a client's in base64url, '' for everything.
 */
export interface RevocationEntry {
  readonly kind: (typeof revocationKinds)[number]
  readonly name: string
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
 * news. A hash is needed where a cut-off is as late as the token, once for a user or a client that comes again.
 */
export function revokedSet(): RevokedSet {
  const ended = new Map(revocationKinds.map((kind) => [kind, new Map<string, number>()]))
  const latest = new Map<RevocationEntry['kind'], number>()
  /** Claims that nothing had ended, and as of which news. */
  const spared = new WeakMap<AccessTokenClaims, number>()
  let news = 0
  const digestOf = rememberedDigests()

  /** When it ended, in milliseconds since 1970; 0 if it did not. */
  const endOf = (kind: RevocationEntry['kind'], name: string): number =>
    ended.get(kind)?.get(name) ?? 0
  const isListed = (kind: RevocationEntry['kind'], id: unknown): boolean =>
    typeof id === 'string' && endOf(kind, id) > 0
  // iat has whole seconds: what was issued in the second of a cut-off is dead (ADR 0002).
  const isAsLate = (kind: RevocationEntry['kind'], iat: number): boolean =>
    iat * 1000 <= (latest.get(kind) ?? 0)
  const isCutOff = (kind: RevocationEntry['kind'], whose: string, iat: number): boolean =>
    isAsLate(kind, iat) && iat * 1000 <= endOf(kind, digestOf(whose))

  const isEnded = ({ jti, sid, sub, client_id, iat }: AccessTokenClaims): boolean =>
    isListed('token', jti) ||
    isListed('family', sid) ||
    isCutOff('user', sub, iat) ||
    isCutOff('client', client_id, iat) ||
    isAsLate('everything', iat)

  return {
    add({ kind, name, at }) {
      const known = ended.get(kind)
      const before = known?.get(name) ?? 0
      // Last in the order in which they will be forgotten.
      known?.delete(name)
      known?.set(name, Math.max(before, at))
      latest.set(kind, Math.max(latest.get(kind) ?? 0, at))
      news += 1
    },
    forget(limit) {
      for (const known of ended.values()) {
        for (const [name, at] of known) {
          if (at > limit) break
          known.delete(name)
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

/** Digests of those whose tokens were seen last: users and clients come again. */
function rememberedDigests() {
  const most = 1000
  const known = new Map<string, string>()
  return (whose: string): string => {
    const before = known.get(whose)
    if (before !== undefined) return before
    const digest = hash('sha256', whose, 'base64url')
    if (known.size >= most) known.clear()
    known.set(whose, digest)
    return digest
  }
}
