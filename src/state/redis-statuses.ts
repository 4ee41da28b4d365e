import { milliseconds } from './lifetimes.ts'
import type { RedisConnection } from './redis-connection.ts'
import { scripts } from './redis-script.ts'
import type { StatusBearer, StatusEnd, StatusSpan } from './state.ts'

/** The serials of tokens with a status in Redis. `key` makes a key of its percent-encoded parts. */
export function redisStatuses(
  redis: RedisConnection,
  key: (...parts: string[]) => string,
  retention: number,
) {
  const kept = milliseconds(retention)
  const keyOf = (kind: StatusEnd['kind'], target: string) => key('status', kind, target)

  return {
    async allocate({ clientId, sub, family }: StatusBearer): Promise<number> {
      const serial = await redis.runDurably(scripts.serial, keyOf('client', clientId), kept)
      const owners = [keyOf('user', sub), ...(family ? [keyOf('family', family.id)] : [])]
      const since = family?.createdAt ?? ''
      const args = [kept, String(serial), encodeURIComponent(clientId), since] as const
      await Promise.all(
        owners.map((owner) => redis.runDurably(scripts.enlistStatus, owner, ...args)),
      )
      return Number(serial)
    },

    async of({ kind, target, at }: StatusEnd): Promise<StatusSpan[]> {
      const name = keyOf(kind, target)
      if (kind === 'client') {
        const [first, last] = list(
          await redis.run(scripts.serialsUntil, [name], Math.floor(at / 1000)),
        )
        if (first === undefined) return []
        return [{ clientId: target, first: Number(first), last: Number(last) }]
      }
      return list(await redis.send('zrange', name, 0, -1))
        .map((member) => String(member).split(' '))
        .filter(([, , since]) => kind === 'family' || Number(since) <= at)
        .map(([serial, client = '']) => ({
          clientId: decodeURIComponent(client),
          first: Number(serial),
          last: Number(serial),
        }))
    },
  }
}

const list = (reply: unknown): readonly unknown[] => (Array.isArray(reply) ? reply : [])
