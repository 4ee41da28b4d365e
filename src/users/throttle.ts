import { createHash } from 'node:crypto'
import { setTimeout } from 'node:timers/promises'
import type { Budget, State } from '../state/state.ts'
import { networkOf } from './network.ts'

export interface ThrottleLimits {
  readonly enabled: boolean
  readonly account: number
  readonly accountEverywhere: number
  readonly address: number
  /** Seconds. */
  readonly window: number
}

export type Attempt =
  | {
      readonly allowed: true
      /** Gives the attempt back, and remembers the network as the account's own. */
      succeeded(): Promise<void>
      /** Keeps the attempt counted: it was judged wrong. */
      failed(): void
      /** Gives the attempt back: nothing was judged. */
      withdraw(): Promise<void>
    }
  /** Seconds until the next attempt may be made. */
  | { readonly allowed: false; readonly retryAfter: number }

export interface Throttle {
  /** Reserves one attempt before the password is looked at, so that no race verifies more than the limit. */
  reserve(account: string, address: string): Promise<Attempt>
}

/** How long a network stays known after a good login, in seconds. */
const knownFor = 30 * 86_400
/** How long a reservation waits for others in flight to be judged, in milliseconds. */
const patience = 2000

/**
 * Limits on guessing (RFC 6749 sections 4.3.2 and 10.10). Counted apart: one account from one
 * network, one address over all accounts, one account over all networks it never logged in from.
 * Guesses from elsewhere therefore never lock a user out of a network of their own.
 */
export function createThrottle(state: State, limits: ThrottleLimits): Throttle {
  const flights = new Map<string, Flight>()

  return {
    async reserve(account, address) {
      if (!limits.enabled) return unlimited
      const network = networkOf(address)
      const pair = digest(`${account} ${network}`)
      const known = (await state.find('known-network', pair)) !== undefined
      const { window } = limits
      const budgets: Budget[] = [
        { key: `pair:${pair}`, limit: limits.account, window },
        { key: `address:${digest(network)}`, limit: limits.address, window },
      ]
      if (!known) {
        budgets.push({ key: `account:${digest(account)}`, limit: limits.accountEverywhere, window })
      }

      const deadline = Date.now() + patience
      let spending = await state.spend(budgets)
      // Good logins in flight hold reservations too: they are no reason to refuse another.
      while (!spending.allowed && (await judged(flights.get(network), deadline - Date.now()))) {
        spending = await state.spend(budgets)
      }
      if (!spending.allowed) return { allowed: false, retryAfter: spending.retryAfter }

      const land = takeOff(flights, network)
      return {
        allowed: true,
        failed: land,
        withdraw: () => state.refund(budgets).finally(land),
        async succeeded() {
          try {
            await state.refund(budgets)
            if (!known) await state.save('known-network', pair, {}, knownFor)
          } finally {
            land()
          }
        },
      }
    },
  }
}

const unlimited: Attempt = {
  allowed: true,
  succeeded: async () => {},
  failed: () => {},
  withdraw: async () => {},
}

/** Attempts from one network that are being judged in this process. */
interface Flight {
  count: number
  next: PromiseWithResolvers<true>
}

function takeOff(flights: Map<string, Flight>, network: string): () => void {
  const flight = flights.get(network) ?? { count: 0, next: Promise.withResolvers<true>() }
  flights.set(network, flight)
  flight.count += 1
  return () => {
    flight.next.resolve(true)
    flight.next = Promise.withResolvers<true>()
    flight.count -= 1
    if (flight.count === 0) flights.delete(network)
  }
}

/** Whether an attempt in flight is judged within `patience` milliseconds. */
async function judged(flight: Flight | undefined, patience: number): Promise<boolean> {
  if (flight === undefined || patience <= 0) return false
  const over = new AbortController()
  const late = setTimeout(patience, false, { signal: over.signal, ref: false }).catch(() => false)
  try {
    return await Promise.race([flight.next.promise, late])
  } finally {
    over.abort()
  }
}

const digest = (text: string): string => createHash('sha256').update(text).digest('base64url')
