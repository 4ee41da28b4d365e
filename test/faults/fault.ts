import type { Fleet } from './fleet.ts'
import type { History } from './history.ts'
import type { Random } from './random.ts'
import type { RedisStore, SqliteStore, Store, TopologyName } from './topologies.ts'

/** What a fault finds running. */
export interface Scene<S extends Store = Store> {
  readonly store: S
  readonly fleet: Fleet
  readonly history: History
  readonly random: Random
  /** Of this cell: keys, users, SQLite's file. */
  readonly folder: string
}

/** Breaks something for a while and mends it; may be done again at once. */
export type Strike<S extends Store = Store> = (scene: Scene<S>) => Promise<void>

export interface Fault {
  readonly name: string
  readonly on: readonly TopologyName[]
  /** Whether it makes the servers' clock jump. */
  readonly movesClock?: true
  readonly strike: Strike
}

export const everywhere: readonly TopologyName[] = ['sqlite', 'redis', 'sentinel', 'cluster']

export const onSqlite = (name: string, strike: Strike<SqliteStore>): Fault => ({
  name,
  on: ['sqlite'],
  async strike(scene) {
    if ('file' in scene.store) await strike({ ...scene, store: scene.store })
  },
})

export const onRedis = (
  name: string,
  strike: Strike<RedisStore>,
  on: readonly TopologyName[] = ['redis', 'sentinel', 'cluster'],
): Fault => ({
  name,
  on,
  async strike(scene) {
    if ('nodes' in scene.store) await strike({ ...scene, store: scene.store })
  },
})
