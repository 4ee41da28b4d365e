import { milliseconds } from './lifetimes.ts'

/** How often something may be tried. What one owner has (an account, a network) is asked in one step. */
export interface Budget {
  readonly owner: string
  readonly name: string
  /** Tries that need not wait. */
  readonly limit: number
  /** Seconds until it is whole again: from the first try, and with delays from the last. */
  readonly window: number
  /** Without them nothing goes beyond the limit. */
  readonly delays?: Delays
}

/** Tries beyond the limit wait for one another. */
export interface Delays {
  /** Seconds until the first of them; doubled with each, up to `longest`, which is less than the window. */
  readonly first: number
  readonly longest: number
  /** Tries in all: after the last there is none before the window is over. */
  readonly most: number
}

/** An account, and what a try for it comes from. */
export interface Approach {
  readonly account: string
  readonly origins: readonly Origin[]
}

/** A place or a device. Where the account is known to be at home there, this budget stands for all others. */
export interface Origin {
  readonly name: string
  /** Owned by the account. */
  readonly budget: Budget
}

export type Spending =
  | {
      readonly allowed: true
      /** Whether an origin was known. */
      readonly known: boolean
      readonly spent: readonly Budget[]
    }
  /** Seconds until it is worth while to try again, at least 1. */
  | {
      readonly allowed: false
      readonly known: boolean
      readonly retryAfter: number
      readonly budget: Budget
    }

/** What becomes of budgets when it is known what they were spent on. */
export interface Settlement {
  /** Get one back, as if it had not been spent; the time of the last try stays. */
  readonly refund: readonly Budget[]
  /** Are whole again. */
  readonly restore: readonly Budget[]
  readonly acquaintance?: Acquaintance
}

/** Origins of an account, known for `ttl` seconds from now. The `most` last ones are kept. */
export interface Acquaintance {
  readonly account: string
  readonly origins: readonly string[]
  readonly ttl: number
  readonly most: number
}

/** Limit, window, first and longest delay in milliseconds, and the tries in all. */
export function figures({ limit, window, delays }: Budget) {
  const { first, longest, most } = delays ?? { first: 0, longest: 0, most: limit }
  return [limit, milliseconds(window), first * 1000, longest * 1000, most] as const
}

/** Whole seconds until the time in milliseconds has gone by. */
export const retryAfter = (wait: number): number => Math.max(1, Math.ceil(wait / 1000))

/** In the order in which owners appear. */
export function byOwner(budgets: readonly Budget[]): Budget[][] {
  return [...Map.groupBy(budgets, ({ owner }) => owner).values()]
}
