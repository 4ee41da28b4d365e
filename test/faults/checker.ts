import type { Call } from './history.ts'
import { invariants } from './invariants.ts'
import { sortOut } from './logins.ts'

export interface Violation {
  readonly invariant: string
  /** What was seen, in words. */
  readonly what: string
  readonly calls: readonly Call[]
}

export interface Rules {
  /** Milliseconds in which each client may repeat itself; 0 = never. */
  readonly grace: Readonly<Record<string, number>>
  /** Whether the clocks of servers and stores ran evenly. Where they jumped, nothing is said of durations. */
  readonly evenClocks: boolean
}

/** Everything in the history that no fault excuses: I1 to I6 of the catalogue, each for itself. */
export function check(calls: readonly Call[], rules: Rules): Violation[] {
  const sorted = sortOut(calls)
  return Object.entries(invariants).flatMap(([invariant, broken]) =>
    broken(sorted, rules).map(({ what, calls }) => ({ invariant, what, calls })),
  )
}

/** For people: what was broken, and by which calls. */
export const describeViolation = ({ invariant, what, calls }: Violation): string =>
  `${invariant} ${what}\n${calls.map((call) => `    ${JSON.stringify(call)}\n`).join('')}`
