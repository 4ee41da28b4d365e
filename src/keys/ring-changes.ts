import type { Algorithm } from './algorithms.ts'
import type { Ring } from './ring.ts'

/** What happened to a key, for the audit log. */
export interface KeyEvent {
  readonly event: 'key.staged' | 'key.promoted' | 'key.superseded' | 'key.cut' | 'key.retired'
  readonly kid: string
  readonly algorithm: Algorithm
}

const events = {
  next: 'key.staged',
  current: 'key.promoted',
  previous: 'key.superseded',
  cut: 'key.cut',
} as const

/** What happened to keys between two rings. */
export function changesBetween(before: Pick<Ring, 'keys'>, now: Pick<Ring, 'keys'>): KeyEvent[] {
  const states = new Map(before.keys.map(({ kid, state }) => [kid, state]))
  const kids = new Set(now.keys.map(({ kid }) => kid))
  return [
    ...now.keys
      .filter(({ kid, state }) => states.get(kid) !== state)
      .map(({ kid, algorithm, state }) => ({ event: events[state], kid, algorithm })),
    ...before.keys
      .filter(({ kid }) => !kids.has(kid))
      .map(({ kid, algorithm }) => ({ event: 'key.retired' as const, kid, algorithm })),
  ]
}
