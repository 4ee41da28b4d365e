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

/** What ended of one kind. */
interface Ended {
  /** By name, in milliseconds since 1970, in the order in which they will be forgotten. */
  readonly times: Map<string, number>
  /** How many of the names end alike: most that are asked for are not there, and most of those need no look at `times`. */
  readonly counts: Uint32Array
  /** The last of them all, remembered or forgotten. */
  latest: number
}

const noneEnded = (): Ended => ({ times: new Map(), counts: new Uint32Array(2 ** 14), latest: 0 })

/** When it ended, in milliseconds since 1970; 0 if it did not. */
const endOf = ({ times, counts }: Ended, name: string): number =>
  counts[endingOf(name)] === 0 ? 0 : (times.get(name) ?? 0)

/** 14 bits of the end of a name: random ids and digests in base64url differ there. */
function endingOf(name: string): number {
  const last = name.length - 1
  const high = (name.charCodeAt(last - 3) << 8) ^ (name.charCodeAt(last - 2) << 4)
  return (high ^ name.charCodeAt(last - 1)) & 0x3fff
}

function count({ counts }: Ended, name: string, change: 1 | -1): void {
  const ending = endingOf(name)
  counts[ending] = (counts[ending] ?? 0) + change
}

/**
 * What is known to have ended. A token that was looked up in vain costs nothing until there is news,
 * if its memory comes along. Any other costs a hash, of its user, where a cut-off is as late as it is.
 */
export function revokedSet(): RevokedSet {
  const ended = {
    token: noneEnded(),
    family: noneEnded(),
    user: noneEnded(),
    client: noneEnded(),
    everything: noneEnded(),
  }
  const kinds = Object.values(ended)
  /** Stands for what is known until there is news. */
  let asOf = {}
  /** When clients ended, of those asked about lately. */
  const endsOfClients = new Map<string, number>()

  function endOfClient(id: string): number {
    const known = endsOfClients.get(id)
    if (known !== undefined) return known
    if (endsOfClients.size >= mostClients) endsOfClients.clear()
    const end = endOf(ended.client, digestOf(id))
    endsOfClients.set(id, end)
    return end
  }

  function isEnded({ jti, sid, sub, client_id, iat }: AccessTokenClaims): boolean {
    const { token, family, user, client, everything } = ended
    // iat has whole seconds: what was issued in the second of a cut-off is dead (ADR 0002).
    const issued = iat * 1000
    return (
      (typeof jti === 'string' && endOf(token, jti) > 0) ||
      (typeof sid === 'string' && endOf(family, sid) > 0) ||
      (issued <= user.latest && issued <= endOf(user, digestOf(sub))) ||
      (issued <= client.latest && issued <= endOfClient(client_id)) ||
      issued <= everything.latest
    )
  }

  return {
    add({ kind, name, at }) {
      const known = ended[kind]
      const before = known.times.get(name)
      if (before === undefined) count(known, name, 1)
      // Last in the order in which they will be forgotten.
      known.times.delete(name)
      known.times.set(name, Math.max(before ?? 0, at))
      known.latest = Math.max(known.latest, at)
      asOf = {}
      endsOfClients.clear()
    },
    forget(limit) {
      for (const known of kinds) {
        for (const [name, at] of known.times) {
          if (at > limit) break
          known.times.delete(name)
          count(known, name, -1)
        }
      }
      endsOfClients.clear()
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
