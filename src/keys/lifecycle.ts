import type { Algorithm } from './algorithms.ts'
import type { KeyState } from './key-set.ts'

/** What a key's state is derived from. Times are milliseconds since the epoch. */
export interface KeyTimes {
  readonly algorithm: Algorithm
  readonly serial: number
  readonly createdAt: number
  /** When it begins to sign. */
  readonly activeAt: number
}

/** A key beside its state. A retired one is published no more. */
export interface Aged<Key> {
  readonly key: Key
  readonly state: KeyState | 'retired'
  /** When it is retired; absent while it has no successor. */
  readonly retiresAt?: number
}

/** Durations in seconds. */
export interface Schedule {
  /** How long a key verifies after its successor began to sign: the longest life of a token, and an hour. */
  readonly retention: number
  /** How long a key is published before it signs: longer than any cache of the JWKS. */
  readonly publishAhead: number
  /** How long a key signs; 0 = until the operator makes another. */
  readonly rotateEvery: number
}

export const publishAheadByDefault = 86_400
export const rotateEveryByDefault = 30 * 86_400

const inOrder = (one: KeyTimes, other: KeyTimes) =>
  one.activeAt - other.activeAt || one.serial - other.serial

/**
 * The state of every key at `now`, in the order in which keys sign. Of each algorithm the latest key
 * that is active signs; were none active (a clock set back, the current file removed), the next one does,
 * as resource servers know it already.
 */
export function age<Key extends KeyTimes>(
  keys: readonly Key[],
  now: number,
  retention: number,
): Aged<Key>[] {
  const byAlgorithm = Object.values(Object.groupBy(keys, (key) => key.algorithm))
  return byAlgorithm.flatMap((some) => {
    const sorted = (some ?? []).toSorted(inOrder)
    const current = Math.max(
      0,
      sorted.findLastIndex((key) => key.activeAt <= now),
    )
    return sorted.map((key, index): Aged<Key> => {
      const successor = sorted[index + 1]
      if (index > current) return { key, state: 'next' }
      if (!successor) return { key, state: 'current' }
      const retiresAt = successor.activeAt + retention * 1000
      if (index === current) return { key, state: 'current', retiresAt }
      return { key, state: retiresAt > now ? 'previous' : 'retired', retiresAt }
    })
  })
}

/** When the key that has to be made now begins to sign; undefined when none has to be made. */
export function dueAt(
  aged: readonly Aged<KeyTimes>[],
  now: number,
  { publishAhead, rotateEvery }: Schedule,
): number | undefined {
  const current = aged.find(({ state }) => state === 'current')
  if (!current) return now
  if (rotateEvery === 0 || aged.some(({ state }) => state === 'next')) return undefined
  const ahead = now + publishAhead * 1000
  return current.key.activeAt + rotateEvery * 1000 <= ahead ? ahead : undefined
}
