import { VerificationUnavailable } from './bearer.ts'

/**
 * Remembers identifiers until they expire (seconds since 1970) and says whether one is new. Full of live ones it
 * refuses to judge: forgetting one would let its proof be replayed (RFC 9449 section 11.1).
 *
 * @throws VerificationUnavailable from the returned function
 */
export function replayMemory(size = 100_000): (id: string, expiresAt: number) => boolean {
  const expiries = new Map<string, number>()
  let sweepAt = 0
  const sweep = (now: number) => {
    sweepAt = now + 1
    for (const [id, expiresAt] of expiries) if (expiresAt < now) expiries.delete(id)
  }
  return (id, expiresAt) => {
    const now = Date.now() / 1000
    // Once a second at most, so that a full memory costs no scan per request.
    if (expiries.size >= size && now >= sweepAt) sweep(now)
    if (expiries.has(id)) return false
    if (expiries.size >= size) throw new VerificationUnavailable('too many DPoP proofs at once')
    expiries.set(id, expiresAt)
    return true
  }
}
