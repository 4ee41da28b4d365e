import type { Algorithm } from './algorithms.ts'
import { currentOf, nextOf, type Ring, type RingKey } from './ring.ts'

/** Seconds for which a cache may answer with a JWK Set it has: fresh, and stale while it fetches (http/documents.ts). */
export const jwksCached = 360

/** Durations in seconds. */
export interface Schedule {
  /** Those in use: each has a current key, and is rotated. Keys of others stay as they are. */
  readonly algorithms: readonly Algorithm[]
  /** How long a key verifies after its successor began to sign: the longest life of a token, and an hour. */
  readonly retention: number
  /** How long a key is published before it signs: longer than any cache of the JWK Set. */
  readonly publishAhead: number
  /** How long a key signs; 0 = until the operator rotates. */
  readonly rotateEvery: number
}

/** What one instance knows when it looks at the ring. */
export interface Look {
  /** Milliseconds since the epoch, by the clock that all instances share. */
  readonly now: number
  /** Milliseconds for which every live instance has known the key in its state; undefined while one does not. */
  readonly settled: (kid: string) => number | undefined
}

/** Which ring an instance serves, and in which version. */
export interface ServedRing {
  readonly ring: string
  readonly version: number
}

export type Step =
  | { readonly kind: 'stage'; readonly algorithm: Algorithm }
  | { readonly kind: 'promote'; readonly kid: string }
  | { readonly kind: 'retire'; readonly kid: string }

/** A step and its time, in milliseconds since the epoch. */
export type PlannedStep = Step & { readonly at: number }

/** Instances that are asked to acknowledge; of more, nobody knows them all. */
const mostInstances = 1000

/** Every step that lies ahead of the ring as it is, the earliest first. */
export function plan(ring: Ring, schedule: Schedule): PlannedStep[] {
  const { algorithms, publishAhead, rotateEvery } = schedule
  const rotations = algorithms.flatMap((algorithm): PlannedStep[] => {
    const [current, next] = [currentOf(ring, algorithm), nextOf(ring, algorithm)]
    const due = current && (current.promotedAt ?? 0) + rotateEvery * 1000
    if (due !== undefined && rotateEvery === 0) return []
    if (!next) return [{ kind: 'stage', algorithm, at: (due ?? 0) - publishAhead * 1000 }]
    const at = Math.max(due ?? 0, publishedLongEnough(next, schedule))
    return [{ kind: 'promote', kid: next.kid, at }]
  })
  const retirements = ring.keys.flatMap(({ kid, retiresAt }): PlannedStep[] =>
    retiresAt === undefined ? [] : [{ kind: 'retire', kid, at: retiresAt }],
  )
  return [...rotations, ...retirements].sort((one, other) => one.at - other.at)
}

/** When a next key has been published for as long as the schedule asks. */
export const publishedLongEnough = (
  { publishedAt }: { readonly publishedAt: number },
  { publishAhead }: Pick<Schedule, 'publishAhead'>,
): number => publishedAt + publishAhead * 1000

/** The step to take now, one at a time; undefined when none is due, or what is due is not safe yet. */
export function dueStep(ring: Ring, look: Look, schedule: Schedule): Step | undefined {
  return plan(ring, schedule).find((step) => step.at <= look.now && isSafe(step, look, schedule))
}

/**
 * Whatever the clocks say: a key signs only after every live instance has published it for as long as
 * the JWK Set may be cached, and goes only after none has signed with it for as long as its tokens may live.
 */
function isSafe(step: Step, { settled }: Look, schedule: Schedule): boolean {
  if (step.kind === 'stage') return true
  const { retention, publishAhead } = schedule
  const needed = step.kind === 'retire' ? retention : Math.min(jwksCached, publishAhead)
  return (settled(step.kid) ?? Number.NEGATIVE_INFINITY) >= needed * 1000
}

/** Whether all live instances know the key in its state. */
export const isAcknowledged = (
  { id }: Pick<Ring, 'id'>,
  { stateIn }: Pick<RingKey, 'stateIn'>,
  instances: readonly ServedRing[],
): boolean =>
  instances.length < mostInstances &&
  instances.every(({ ring, version }) => ring === id && version >= stateIn)
