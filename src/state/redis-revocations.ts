import { randomUUID } from 'node:crypto'
import { milliseconds } from './lifetimes.ts'
import { positionOf, readPosition } from './positions.ts'
import type { RedisConnection } from './redis-connection.ts'
import { scripts } from './redis-script.ts'
import type { Revocation, RevocationLog, RevocationPage } from './state.ts'

/** The log of revocations in Redis: a stream, in the slot of the epoch, so that the two are lost together. */
export function redisRevocations(redis: RedisConnection, prefix: string, retention: number) {
  const epochKey = `${prefix}:epoch`
  const logKey = `${prefix}:revocations:{${epochKey}}`
  const kept = milliseconds(retention)
  const run = (script: (typeof scripts)[keyof typeof scripts], ...args: (string | number)[]) =>
    redis.run(script, [epochKey, logKey], kept, randomUUID(), ...args)

  /** An id, and the milliseconds since 1970 since when it is (scripts/epoch.lua). */
  async function epoch(): Promise<{ readonly id: string; readonly since: number }> {
    const known = await redis.send('get', epochKey)
    const value = typeof known === 'string' ? known : String(await run(scripts.epoch))
    const [id = '', since = 0] = value.split(' ')
    return { id, since: Number(since) }
  }

  return {
    /** What scripts write the log with. On a Cluster they cannot, and it is written before them. */
    log: redis.sharded ? (['', 0] as const) : ([logKey, kept] as const),

    epoch,

    /** The time that was logged, in milliseconds. */
    async append(kind: Revocation['kind'], target: string, at: number | '' = ''): Promise<number> {
      return Number(await redis.runDurably(scripts.append, logKey, kept, kind, target, at))
    },

    async end(): Promise<RevocationLog> {
      const [epoch, last, length] = list(await run(scripts.logEnd))
      return { end: positionOf(String(epoch), String(last)), length: Number(length) }
    },

    async after(position: string, limit: number): Promise<RevocationPage> {
      const { epoch, number } = readPosition(position)
      if (position !== '' && epoch === '') return { gone: true }
      const reply = await run(scripts.logAfter, epoch, number || '0', limit)
      if (!Array.isArray(reply)) return { gone: true }
      const entries = list(reply[1])
      const read = entries.slice(0, limit).map((entry) => readEntry(String(reply[0]), list(entry)))
      return { gone: false, entries: read, complete: entries.length <= limit }
    },
  }
}

/** `[id, [kind, "at target"]]` (scripts/log.lua). */
function readEntry(epoch: string, [id, fields]: readonly unknown[]): Revocation {
  const [kind, value] = list(fields).map(String)
  const space = value?.indexOf(' ') ?? 0
  return {
    position: positionOf(epoch, String(id)),
    kind: kind as Revocation['kind'],
    target: value?.slice(space + 1) ?? '',
    at: Number(value?.slice(0, space)),
  }
}

const list = (reply: unknown): readonly unknown[] => (Array.isArray(reply) ? reply : [])
