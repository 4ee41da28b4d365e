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

/** Clients come again and again, and are few. */
const mostClients = 1000

/** What ended of one kind, in the order in which it will be forgotten. */
interface Ended {
  /** By name, in milliseconds since 1970. */
  readonly times: Map<string, number>
  /** The last of them all, remembered or forgotten. */
  latest: number
}

/**
 * What is known to have ended. A token that was looked up in vain costs nothing until there is news,
 * if its memory comes along. Any other costs a hash, of its user, where a cut-off is as late as it is.
 */
export function revokedSet(): RevokedSet {
  const none = (): Ended => ({ times: new Map(), latest: 0 })
  const ended = { token: none(), family: none(), user: none(), client: none(), everything: none() }
  const kinds = Object.values(ended)
  /** Stands for what is known until there is news. */
  let asOf = {}
  /** When clients ended, of those asked about since the last news. */
  const endsOfClients = new Map<string, number>()

  function endOfClient(id: string): number {
    const known = endsOfClients.get(id)
    if (known !== undefined) return known
    if (endsOfClients.size >= mostClients) endsOfClients.clear()
    const end = ended.client.times.get(digestOf(id)) ?? 0
    endsOfClients.set(id, end)
    return end
  }

  function isEnded({ jti, sid, sub, client_id, iat }: AccessTokenClaims): boolean {
    const { token, family, user, client, everything } = ended
    // iat has whole seconds: what was issued in the second of a cut-off is dead (ADR 0002).
    const issued = iat * 1000
    return (
      (typeof jti === 'string' && token.times.has(jti)) ||
      (typeof sid === 'string' && family.times.has(sid)) ||
      (issued <= user.latest && issued <= (user.times.get(digestOf(sub)) ?? 0)) ||
      (issued <= client.latest && issued <= endOfClient(client_id)) ||
      issued <= everything.latest
    )
  }

  return {
    add({ kind, name, at }) {
      const known = ended[kind]
      const before = known.times.get(name) ?? 0
      // Last in the order in which they will be forgotten.
      known.times.delete(name)
      known.times.set(name, Math.max(before, at))
      known.latest = Math.max(known.latest, at)
      asOf = {}
      endsOfClients.clear()
    },
    forget(limit) {
      for (const { times } of kinds) {
        for (const [name, at] of times) {
          if (at > limit) break
          times.delete(name)
        }
      }
    },
    has(claims, memory = {}) {
      if (memory.sparedAsOf === asOf) return false
      if (isEnded(claims)) return true
      memory.sparedAsOf = asOf
      return false
    },
    size: () => kinds.reduce((sum, { times }) => sum + times.size, 0),
  }
}

const digestOf = (name: string): string => hash('sha256', name, 'base64url')
