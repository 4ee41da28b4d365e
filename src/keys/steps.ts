import { randomBytes, randomUUID } from 'node:crypto'
import type { Schedule, Step } from './lifecycle.ts'
import {
  currentOf,
  emptyRing,
  nextOf,
  promote,
  type Ring,
  refreshTokenKeyName,
  retire,
  stage,
} from './ring.ts'
import type { Vault } from './vault.ts'

/** What steps are taken with. */
export interface Stepping {
  readonly vault: Vault
  readonly schedule: Schedule
  /** Milliseconds since the epoch. */
  readonly now: number
}

/** The ring after a step. */
export async function applied(ring: Ring, step: Step, stepping: Stepping): Promise<Ring> {
  const { vault, schedule, now } = stepping
  switch (step.kind) {
    case 'stage':
      return stage(ring, [await vault.create(step.algorithm)], now)
    case 'promote':
      return promote(ring, step.kid, now, schedule.retention)
    case 'retire':
      return retire(ring, step.kid, schedule.algorithms)
  }
}

/** The ring that was found, or a new one, with a key for every algorithm in use. */
export async function completed(found: Ring | undefined, stepping: Stepping): Promise<Ring> {
  const { vault, schedule, now } = stepping
  const ring = found ?? (await newRing(vault))
  const missing = schedule.algorithms.filter(
    (algorithm) => !(currentOf(ring, algorithm) ?? nextOf(ring, algorithm)),
  )
  if (found && missing.length === 0) return found
  return stage(ring, await Promise.all(missing.map((algorithm) => vault.create(algorithm))), now)
}

/** A ring without keys, and with a secret of its own. */
export async function newRing(vault: Vault): Promise<Ring> {
  const secret = await vault.sealSecret(randomBytes(32), refreshTokenKeyName)
  return emptyRing(randomUUID(), secret)
}
