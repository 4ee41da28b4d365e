import { createHash } from 'node:crypto'
import type { State } from '../state/state.ts'

export interface ClientThrottleLimits {
  readonly enabled: boolean
  /** Wrong secrets for one client from one network in `window` seconds. */
  readonly secret: { readonly limit: number; readonly window: number }
}

export interface ClientThrottleParts {
  readonly state: Pick<State, 'spend'>
  /** Whether secrets from this address are not counted. */
  readonly exempt: (address: string) => boolean
}

/** Where a secret comes from. */
export interface SecretSource {
  readonly address: string
  /** The address, or the network of it that one host has to itself. */
  readonly network: string
  /** Whether the same secret was just judged wrong, and this is a library that tries both ways to send it. */
  readonly repeated: boolean
}

export interface ClientThrottle {
  /** Seconds until this client's secrets are looked at again from this network; undefined when they are now. */
  blocked(client: string, from: SecretSource): number | undefined
  /** Counts a wrong secret, for every instance. */
  failed(client: string, from: SecretSource): Promise<void>
}

/** Wrong secrets of one client from one network, as far as this process has seen them. */
interface Count {
  wrong: number
  /** By the clock that nobody sets, in milliseconds. */
  readonly until: number
}

/** Counts held in this process; the oldest goes first, and the store still knows it. */
const maximumCounts = 10_000

/**
 * Limits on guessing client secrets (RFC 6749 section 2.3.1). Only a wrong secret is written to the
 * store: a good client is judged by what this process remembers, and costs no round trip. What
 * others have counted is learned with the next wrong secret that arrives here.
 */
export function createClientThrottle(
  { state, exempt }: ClientThrottleParts,
  { enabled, secret: { limit, window } }: ClientThrottleLimits,
): ClientThrottle {
  const counts = new Map<string, Count>()

  const current = (key: string): Count | undefined => {
    const count = counts.get(key)
    if (count === undefined || count.until > performance.now()) return count
    counts.delete(key)
    return undefined
  }
  const keep = (key: string, count: Count): void => {
    counts.delete(key)
    counts.set(key, count)
    const [oldest] = counts.keys()
    if (counts.size > maximumCounts && oldest !== undefined) counts.delete(oldest)
  }

  return {
    blocked(client, { network, address, repeated }) {
      if (repeated || counts.size === 0) return undefined
      const count = current(`${network} ${client}`)
      if (count === undefined || count.wrong < limit || exempt(address)) return undefined
      return Math.max(1, Math.ceil((count.until - performance.now()) / 1000))
    },
    async failed(client, { network, address, repeated }) {
      if (!enabled || repeated || exempt(address)) return
      const key = `${network} ${client}`
      // Counted here before anything is awaited: guesses sent all at once are not judged all at once.
      const count = current(key) ?? { wrong: 0, until: performance.now() + window * 1000 }
      count.wrong += 1
      keep(key, count)
      const owner = `secret ${createHash('sha256').update(key).digest('base64url')}`
      const spending = await state.spend([{ owner, name: 'secret', limit, window }])
      if (spending.allowed) return
      keep(key, { wrong: limit, until: performance.now() + spending.retryAfter * 1000 })
    },
  }
}
