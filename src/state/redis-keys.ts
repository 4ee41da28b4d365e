import { countRetention, type KeyRecords, type ServedRing } from './key-records.ts'
import { milliseconds } from './lifetimes.ts'
import type { RedisConnection } from './redis-connection.ts'
import { scripts } from './redis-script.ts'

/** What servers know of their keys, in Redis. `key` makes a key of its percent-encoded parts. */
export function redisKeys(
  redis: RedisConnection,
  key: (...parts: string[]) => string,
): Omit<KeyRecords, 'cutKey'> {
  const ring = key('keys')
  const instances = key('keys', 'instances')
  const countOf = (kid: string) => key('keys', 'signed', kid)

  return {
    async keyRing() {
      const value = await redis.send('get', ring)
      if (typeof value !== 'string') return undefined
      const end = value.indexOf(' ')
      return { version: Number(value.slice(0, end)), text: value.slice(end + 1) }
    },

    async replaceKeyRing(expected, { version, text }) {
      const words = [expected, `${version} ${text}`] as const
      return (await redis.runDurably(scripts.replaceRing, ring, ...words)) === 1
    },

    async reportKeys({ instance, ring, version, signed }, ttl) {
      const life = ttl > 0 ? milliseconds(ttl) : 0
      await redis.run(scripts.reportKeys, [instances], instance, life, `${version} ${ring}`)
      const kept = milliseconds(countRetention)
      await Promise.all(
        Object.entries(signed).map(([kid, count]) =>
          redis.run(scripts.count, [countOf(kid)], count, kept),
        ),
      )
    },

    async keyReports(kids) {
      const counts = kids.map(async (kid) => [kid, Number(await redis.send('get', countOf(kid)))])
      const [time, fields] = list(await redis.run(scripts.keyReports, [instances]))
      return {
        now: Number(time),
        instances: readInstances(list(fields).map(String), Number(time)),
        signed: Object.fromEntries(await Promise.all(counts)),
      }
    },
  }
}

/** Field and value in turn; a value is `until version ring` (scripts/report-keys.lua). */
function readInstances(fields: readonly string[], now: number): ServedRing[] {
  const found: ServedRing[] = []
  for (let i = 0; i + 1 < fields.length; i += 2) {
    const [ends, version, ring = ''] = (fields[i + 1] ?? '').split(' ')
    if (Number(ends) > now)
      found.push({ instance: fields[i] ?? '', ring, version: Number(version) })
  }
  return found
}

const list = (reply: unknown): readonly unknown[] => (Array.isArray(reply) ? reply : [])
