import { hash } from 'node:crypto'
import type { AccessTokenClaims } from './claims.ts'
import type { TokenMemory } from './verified-signatures.ts'

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
  has(claims: AccessTokenClaims, memory?: TokenMemory): boolean
  readonly size: () => number
}

/**
 * What is known to have ended. A token that was looked up in vain costs nothing until there is news,
 * if its memory comes along. Any other costs a hash, of its user, where a cut-off is as late as it is.
 */
export function revokedSet(): RevokedSet {
  const ended = new Map(revocationKinds.map((kind) => [kind, new Map<string, number>()]))
  const latest = new Map<RevocationEntry['kind'], number>()
  /** Stands for what is known until there is news. */
  let asOf = {}
  const digestOfClient = rememberedDigests()

  /** When it ended, in milliseconds since 1970; 0 if it did not. */
  const endOf = (kind: RevocationEntry['kind'], name: string): number =>
    ended.get(kind)?.get(name) ?? 0
  const isListed = (kind: RevocationEntry['kind'], id: unknown): boolean =>
    typeof id === 'string' && endOf(kind, id) > 0
  // iat has whole seconds: what was issued in the second of a cut-off is dead (ADR 0002).
  const isAsLate = (kind: RevocationEntry['kind'], iat: number): boolean =>
    iat * 1000 <= (latest.get(kind) ?? 0)
  const isCutOff = (
    kind: RevocationEntry['kind'],
    whose: string,
    iat: number,
    digest: (text: string) => string,
  ): boolean => isAsLate(kind, iat) && iat * 1000 <= endOf(kind, digest(whose))

  const isEnded = ({ jti, sid, sub, client_id, iat }: AccessTokenClaims): boolean =>
    isListed('token', jti) ||
    isListed('family', sid) ||
    isCutOff('user', sub, iat, digestOf) ||
    isCutOff('client', client_id, iat, digestOfClient) ||
    isAsLate('everything', iat)

  return {
    add({ kind, name, at }) {
      const known = ended.get(kind)
      const before = known?.get(name) ?? 0
      // Last in the order in which they will be forgotten.
      known?.delete(name)
      known?.set(name, Math.max(before, at))
      asOf = {}
      latest.set(kind, Math.max(latest.get(kind) ?? 0, at))
    },
    forget(limit) {
      for (const known of ended.values()) {
        for (const [name, at] of known) {
          if (at > limit) break
          known.delete(name)
        }
      }
    },
    has(claims, memory = {}) {
      if (memory.sparedAsOf === asOf) return false
      if (isEnded(claims)) return true
      memory.sparedAsOf = asOf
      return false
    },
    size: () => [...ended.values()].reduce((sum, known) => sum + known.size, 0),
  }
}

const digestOf = (name: string): string => hash('sha256', name, 'base64url')

/** Digests of the few names that come again and again. */
function rememberedDigests() {
  const most = 1000
  const known = new Map<string, string>()
  return (name: string): string => {
    const before = known.get(name)
    if (before !== undefined) return before
    const digest = digestOf(name)
    if (known.size >= most) known.clear()
    known.set(name, digest)
    return digest
  }
}
