import { longestFamily, milliseconds } from './lifetimes.ts'
import { type RedisConnection, readAll } from './redis-connection.ts'
import type { redisRevocations } from './redis-revocations.ts'
import { scripts } from './redis-script.ts'
import { type CutOffTarget, nameOf } from './state.ts'

/** The latest of some cut-offs, in milliseconds; 0 if there is none. */
export const latestCutOff = (marks: readonly unknown[]) => Math.max(...marks.map(Number))

/**
 * The cut-offs in Redis, each a time in milliseconds. `key` makes a key of its percent-encoded parts, in the slot of the
 * epoch. A Cluster may lose one node of several: who loses cut-offs loses the epoch with them, and no family
 * from before the next one counts as alive, wherever it lies.
 */
export function redisCutOffs(
  redis: RedisConnection,
  key: (...parts: string[]) => string,
  revocations: Pick<ReturnType<typeof redisRevocations>, 'append' | 'log' | 'epoch'>,
) {
  const keysOf = (owner: { sub: string; clientId: string }) => [
    key('cutoff', 'everything'),
    key('cutoff', 'client', owner.clientId),
    key('cutoff', 'user', owner.sub),
  ]

  /**
   * Since when no cut-off was lost; 0 on one server, which loses all or nothing. To be asked after the cut-offs: they
   * may be lost meanwhile, and what was read before is as good.
   */
  const since = async (): Promise<number> => (redis.sharded ? (await revocations.epoch()).since : 0)

  return {
    keysOf,

    /** What scripts put before the parts of a cut-off. On a Cluster they cannot look at it: `of` does. */
    prefix: redis.sharded ? '' : key('cutoff', ''),

    /** The latest that concerns the owner; 0 on one server, for there the scripts have looked already. */
    async of(owner: { sub: string; clientId: string }): Promise<number> {
      if (!redis.sharded) return 0
      const [marks, start] = await Promise.all([readAll(redis, keysOf(owner)), since()])
      return Math.max(latestCutOff(marks), start - 1)
    },

    since,

    async cut(target: CutOffTarget, at?: number): Promise<void> {
      const { kind } = target
      const name = nameOf(target)
      const asked = at === undefined ? '' : Math.ceil(at)
      const mark = (since: number | '') => {
        const markKey = key('cutoff', ...(kind === 'everything' ? [kind] : [kind, name]))
        const lifetime = milliseconds(longestFamily)
        return redis.runDurably(
          scripts.cutOff,
          markKey,
          since,
          lifetime,
          ...revocations.log,
          kind,
          name,
        )
      }
      if (!redis.sharded) {
        await mark(asked)
        return
      }
      const start = performance.now()
      const logged = await revocations.append(kind, name, asked)
      await mark(logged)
      // Who refreshed before the mark was there may have a token of a later second than was logged.
      const late = (logged % 1000) + performance.now() - start >= 1000
      if (asked === '' && late) await revocations.append(kind, name)
    },
  }
}
