import type { RedisSettings } from './redis-options.ts'
import { openSqlite } from './sqlite.ts'
import type { State, StateLog } from './state.ts'

/** The `state` section of the configuration. SQLite looks at `url` and `logRetention` alone. */
export type StateOptions = RedisSettings

interface Store {
  /** What `url` begins with. */
  readonly schemes: readonly string[]
  open(options: StateOptions, log: StateLog): Promise<State>
}

/** A new store is one file and one line here. */
const stores: readonly Store[] = [
  {
    schemes: ['sqlite:'],
    open: ({ url, logRetention }, log) =>
      openSqlite(url.slice('sqlite:'.length), log, { ...(logRetention && { logRetention }) }),
  },
  {
    schemes: ['redis:', 'rediss:'],
    // Loaded where it is used: a start on SQLite need not read a Redis client.
    open: async (options, log) => (await import('./redis.ts')).openRedis(options, log),
  },
]

/**
 * Opens the store that `url` names.
 * @throws Error, for the operator, when there is no such store, or it must not be used.
 */
export async function openState(options: StateOptions, log: StateLog = () => {}): Promise<State> {
  const store = stores.find(({ schemes }) => schemes.some((each) => options.url.startsWith(each)))
  if (store === undefined) {
    const known = stores.flatMap(({ schemes }) => schemes).join(', ')
    throw new Error(`state.url begins with none of ${known}`)
  }
  return store.open(options, log)
}
