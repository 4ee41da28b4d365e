import type { Script } from './redis-script.ts'

type Words = readonly [command: string, key: string, ...rest: (string | number)[]]

/** What the state needs of a Redis client; every failure is a StateUnavailable. */
export interface RedisConnection {
  /** Whether keys live on several nodes (Redis Cluster), so that one command has keys of one slot. */
  readonly sharded: boolean
  send(...words: Words): Promise<unknown>
  run(script: Script, keys: readonly string[], ...args: (string | number)[]): Promise<unknown>
  /** The same on one key, resolved when the configured number of replicas has what it wrote, too. */
  runDurably(script: Script, key: string, ...args: (string | number)[]): Promise<unknown>
  check(): Promise<void>
  close(): Promise<void>
}

/** The values of keys, or null, in their order. */
export async function readAll(
  redis: RedisConnection,
  keys: readonly string[],
): Promise<readonly unknown[]> {
  const [first, ...others] = keys
  if (first === undefined) return []
  if (redis.sharded) return Promise.all(keys.map((each) => redis.send('get', each)))
  const values = await redis.send('mget', first, ...others)
  return Array.isArray(values) ? values : []
}
