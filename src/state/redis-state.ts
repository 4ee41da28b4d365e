import { milliseconds } from './lifetimes.ts'
import { redisBudgets } from './redis-budgets.ts'
import { type RedisConnection, readAll } from './redis-connection.ts'
import { latestCutOff, redisCutOffs } from './redis-cut-offs.ts'
import { readFamily, redisFamilies } from './redis-families.ts'
import { redisKeys } from './redis-keys.ts'
import { redisRevocations } from './redis-revocations.ts'
import { scripts } from './redis-script.ts'
import { redisStatuses } from './redis-statuses.ts'
import { isOf, type State, type StoredRecord } from './state.ts'

/** Percent-encoded: no part of a key can end it early, open a hash tag or be mistaken for two parts. */
const part = (text: string) => encodeURIComponent(text.toWellFormed())

/** The state in Redis. docs/state.md describes every key. */
export function redisState(
  redis: RedisConnection,
  { prefix, logRetention }: { readonly prefix: string; readonly logRetention: number },
): State {
  const key = (...parts: string[]) => [prefix, ...parts.map(part)].join(':')
  /** In the slot of the epoch: what says that something ended is never lost without it. */
  const endKey = (kind: string, ...parts: string[]) =>
    [prefix, kind, `{${prefix}:epoch}`, ...parts.map(part)].join(':')
  const revokedKey = (jti: string) => endKey('revoked', jti)
  const recordKey = (kind: string, id: string) => key('record', kind, id)
  const budgets = redisBudgets(redis, prefix)
  const revocations = redisRevocations(redis, prefix, logRetention)
  const cutOffs = redisCutOffs(redis, endKey, revocations)
  const families = redisFamilies(redis, key, cutOffs, revocations)
  const statuses = redisStatuses(redis, key, logRetention)

  return {
    epoch: async () => (await revocations.epoch()).id,

    openFamily: families.open,
    findFamily: families.find,
    rotate: families.rotate,
    familiesOf: families.of,
    async endFamily(id) {
      await families.end(id)
    },

    async revokeToken(jti, ttl) {
      if (ttl <= 0) return
      if (redis.sharded) await revocations.append('token', jti)
      await redis.runDurably(
        scripts.revoke,
        revokedKey(jti),
        milliseconds(ttl),
        ...revocations.log,
        jti,
      )
    },

    // All at once, since a token tells whose its family is.
    async tokenStanding(token) {
      const { family: id } = token
      const keys = [revokedKey(token.jti), ...cutOffs.keysOf(token)]
      const [values, since] = await Promise.all([
        readAll(redis, id === undefined ? keys : [...keys, families.keyOf(id)]),
        cutOffs.since(),
      ])
      const [revoked, ...marks] = values.slice(0, keys.length)
      const value = values[keys.length]
      if (revoked !== null) return { live: false }
      const cutOff = latestCutOff(marks)
      if (id === undefined) {
        const issued = token.issuedAt * 1000
        return { live: issued > cutOff && issued + 1000 > since }
      }
      if (typeof value !== 'string') return { live: false }
      const family = readFamily(id, value)
      const live = isOf(token, family) && Math.max(cutOff, since - 1) < family.createdAt
      return live ? { live, family } : { live }
    },

    cutOff: cutOffs.cut,

    revocationLog: revocations.end,
    revocationsAfter: revocations.after,
    allocateStatus: statuses.allocate,
    statusesOf: statuses.of,

    async save(kind, id, record, ttl) {
      const name = recordKey(kind, id)
      if (ttl > 0) await redis.send('set', name, JSON.stringify(record), 'PX', milliseconds(ttl))
      else await redis.send('del', name)
    },

    async find(kind, id) {
      const text = await redis.send('get', recordKey(kind, id))
      if (typeof text !== 'string') return undefined
      const record: StoredRecord = JSON.parse(text)
      return record
    },

    // Durable, for this is how an opaque access token is revoked.
    async remove(kind, id) {
      await redis.runDurably(scripts.remove, recordKey(kind, id))
    },

    async once(id, ttl) {
      const name = key('once', id)
      return (await redis.send('set', name, 1, 'PX', milliseconds(ttl), 'NX')) === 'OK'
    },

    spend: budgets.spend,
    settle: budgets.settle,

    ...redisKeys(redis, key),
    async cutKey(kid) {
      await revocations.append('key', kid)
    },

    check: () => redis.check(),
    close: () => redis.close(),
  }
}
