import { longestFamily, milliseconds } from './lifetimes.ts'
import { type RedisConnection, readAll } from './redis-connection.ts'
import type { redisRevocations } from './redis-revocations.ts'
import { scripts } from './redis-script.ts'
import { type CutOffTarget, nameOf } from './state.ts'

/** The latest of some cut-offs, in milliseconds; 0 if there is none. */
export const latestCutOff = (marks: readonly unknown[]) => Math.max(...marks.map(Number))

/** The cut-offs in Redis, each a time in milliseconds. `key` makes a key of its percent-encoded parts. */
export function redisCutOffs(
  redis: RedisConnection,
  key: (...parts: string[]) => string,
  revocations: Pick<ReturnType<typeof redisRevocations>, 'append' | 'log'>,
) {
  const keysOf = (owner: { sub: string; clientId: string }) => [
    key('cutoff', 'everything'),
    key('cutoff', 'client', owner.clientId),
    key('cutoff', 'user', owner.sub),
  ]

  return {
    keysOf,

    /** What scripts put before the parts of a cut-off. On a Cluster they cannot look at it: `of` does. */
    prefix: redis.sharded ? '' : key('cutoff', ''),

    /** The latest that concerns the owner; 0 on one server, for there the scripts have looked already. */
    async of(owner: { sub: string; clientId: string }): Promise<number> {
      return redis.sharded ? latestCutOff(await readAll(redis, keysOf(owner))) : 0
    },

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
