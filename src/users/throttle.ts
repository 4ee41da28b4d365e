import type { KeyObject } from 'node:crypto'
import type { Budget } from '../state/budget.ts'
import type { State } from '../state/state.ts'
import { createFlights } from './flights.ts'
import { kindOf, type LoginAttempt, type LoginLimits, loginBudgets } from './login-budgets.ts'

export interface ThrottleLimits extends LoginLimits {
  readonly enabled: boolean
  /** Seconds for which an account knows an origin after a login. */
  readonly knownFor: number
}

export interface ThrottleParts {
  readonly state: Pick<State, 'spend' | 'settle'>
  /** Digests names; one for all instances. */
  readonly key: KeyObject
  /** Whether attempts from this address are not counted. */
  readonly exempt: (address: string) => boolean
}

export type Admission =
  | {
      readonly allowed: true
      /** Whether the account has logged in from there before. */
      readonly known: boolean
      /** The password was right: gives back what the attempt took, and makes the origin known. */
      right(): void
      /** It was wrong: what the attempt took stays taken. */
      wrong(): void
      /** Gives the attempt back: nothing was judged. */
      withdraw(): void
    }
  /** Seconds until the next attempt is worth while, and the kind of budget that was exhausted. */
  | { readonly allowed: false; readonly retryAfter: number; readonly budget: string }

export interface Throttle {
  /** Reserves one attempt before the password is looked at, so that no race verifies more than the limit. */
  reserve(attempt: LoginAttempt): Promise<Admission>
}

/** How long a reservation waits for others in flight to be judged, in milliseconds. */
const patience = 2000
/** Origins that one account knows at a time. */
const mostOrigins = 20

/** Limits on guessing (RFC 6749 sections 4.3.2 and 10.10) that lock nobody out of a place of their own (ADR 0011). */
export function createThrottle(
  { state, key, exempt }: ThrottleParts,
  limits: ThrottleLimits,
): Throttle {
  const flights = createFlights()

  return {
    async reserve(attempt) {
      if (!limits.enabled || exempt(attempt.address)) return uncounted
      const { budgets, from } = loginBudgets(attempt, limits, key)
      const deadline = performance.now() + patience
      let spending = await state.spend(budgets, from)
      // Good logins in flight hold reservations too: they are no reason to refuse another.
      while (
        !spending.allowed &&
        (await flights.givenBack(flightOf(spending.budget), deadline - performance.now()))
      ) {
        spending = await state.spend(budgets, from)
      }
      if (!spending.allowed) {
        const { retryAfter, budget } = spending
        return { allowed: false, retryAfter, budget: kindOf(budget) }
      }
      const { known, spent } = spending
      const land = flights.takeOff(spent.map(flightOf))
      // Nobody waits for a settlement: one that fails leaves an attempt counted.
      const settle = (settlement: Parameters<State['settle']>[0]) => {
        state.settle(settlement).then(
          () => land(true),
          () => land(false),
        )
      }
      return {
        allowed: true,
        known,
        wrong: () => land(false),
        withdraw: () => settle({ refund: spent, restore: [] }),
        right: () =>
          settle({
            // At home a right password ends the row of wrong ones. Elsewhere they are others' as well,
            // who must not begin anew because the user has travelled.
            ...(known ? { refund: [], restore: spent } : { refund: spent, restore: [] }),
            acquaintance: {
              account: from.account,
              origins: from.origins.map(({ name }) => name),
              ttl: limits.knownFor,
              most: mostOrigins,
            },
          }),
      }
    },
  }
}

/** An attempt that takes nothing. */
export const uncounted: Admission = {
  allowed: true,
  known: false,
  right: () => {},
  wrong: () => {},
  withdraw: () => {},
}

const flightOf = ({ owner, name }: Budget): string => `${owner} ${name}`
