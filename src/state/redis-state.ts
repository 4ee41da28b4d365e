import { packFacts, unpackFacts } from './facts.ts'
import { familyLifetimes, longestFamily, milliseconds } from './lifetimes.ts'
import { redisBudgets } from './redis-budgets.ts'
import { redisKeys } from './redis-keys.ts'
import { redisLogins } from './redis-logins.ts'
import { redisRevocations } from './redis-revocations.ts'
import { type Script, scripts } from './redis-script.ts'
import { redisStatuses } from './redis-statuses.ts'
import {
  type CutOffTarget,
  type Family,
  isOf,
  nameOf,
  type State,
  StateUnavailable,
  type StoredRecord,
} from './state.ts'

type Words = readonly [command: string, key: string, ...rest: (string | number)[]]

/** What the state needs of a Redis client; every failure is a StateUnavailable. */
export interface RedisConnection {
  /** Whether keys live on several nodes (Redis Cluster), so that one command has keys of one slot. */
  readonly sharded: boolean
  send(...words: Words): Promise<unknown>
  run(script: Script, keys: readonly string[], ...args: (string | number)[]): Promise<unknown>
  /** The same on one key, resolved when the configured number of replicas has it too. */
  sendDurably(...words: Words): Promise<unknown>
  runDurably(script: Script, key: string, ...args: (string | number)[]): Promise<unknown>
  check(): Promise<void>
  close(): Promise<void>
}

/** Percent-encoded: no part of a key can end it early, open a hash tag or be mistaken for two parts. */
const part = (text: string) => encodeURIComponent(text.toWellFormed())

/** The state in Redis. docs/state.md describes every key. */
export function redisState(
  redis: RedisConnection,
  { prefix, logRetention }: { readonly prefix: string; readonly logRetention: number },
): State {
  const key = (...parts: string[]) => [prefix, ...parts].join(':')
  const familyKey = (id: string) => key('family', part(id))
  const revokedKey = (jti: string) => key('revoked', part(jti))
  const recordKey = (kind: string, id: string) => key('record', part(kind), part(id))
  const marks = redis.sharded ? '' : key('cutoff', '')
  const budgets = redisBudgets(redis, key)
  const revocations = redisRevocations(redis, prefix, logRetention)
  const logins = redisLogins(redis, key)
  const statuses = redisStatuses(redis, (...parts) => key(...parts.map(part)), logRetention)
  /** What scripts write the log with. On a Cluster they cannot, and it is written before them. */
  const log = redis.sharded ? (['', 0] as const) : revocations.log

  const readAll = async (keys: readonly string[]): Promise<unknown[]> => {
    const [first, ...others] = keys
    if (first === undefined) return []
    if (redis.sharded) return Promise.all(keys.map((each) => redis.send('get', each)))
    const values = await redis.send('mget', first, ...others)
    return Array.isArray(values) ? values : []
  }

  const cutOffKeys = (owner: { sub: string; clientId: string }) => [
    key('cutoff', 'everything'),
    key('cutoff', 'client', part(owner.clientId)),
    key('cutoff', 'user', part(owner.sub)),
  ]
  /** The latest of some cut-offs, in milliseconds; 0 if there is none. */
  const latest = (cutOffs: readonly unknown[]) => Math.max(...cutOffs.map(Number))

  /** On one server the scripts have looked already. */
  const cutOffsOf = async (owner: { sub: string; clientId: string }) =>
    redis.sharded ? latest(await readAll(cutOffKeys(owner))) : 0

  const findFamily: State['findFamily'] = async (id, next) => {
    const value = await redis.run(scripts.find, [familyKey(id)], marks)
    if (typeof value !== 'string') return undefined
    const family = readFamily(id, value)
    if (next === 'rotate') return family
    return (await cutOffsOf(family)) < family.createdAt ? family : undefined
  }

  /** Whether it was there to be ended. */
  const endFamily = async (id: string) => {
    if (redis.sharded && (await redis.send('exists', familyKey(id))) === 1) {
      await revocations.append('family', id)
    }
    return (await redis.runDurably(scripts.end, familyKey(id), ...log, id)) === 1
  }

  return {
    epoch: revocations.epoch,

    async openFamily(family) {
      const { idle, absolute } = familyLifetimes(family)
      // The list of a user lives in another slot. Written first it may name a family that never came
      // to be, which is harmless; written last it could miss one that did.
      await logins.enlist(family, absolute)
      const value = await redis.run(
        scripts.open,
        [familyKey(family.id)],
        idle,
        absolute,
        part(family.clientId),
        part(family.sub),
        packFacts(family),
      )
      if (typeof value !== 'string') throw new Error('a family with this id exists already')
      return readFamily(family.id, value)
    },

    findFamily,

    async rotate({ family: id, presented, grace, idle, nonce, owner }) {
      const rotating = redis.runDurably(
        scripts.rotate,
        familyKey(id),
        marks,
        presented,
        grace * 1000,
        milliseconds(idle),
        part(nonce),
        ...log,
        id,
      )
      // Meanwhile, for it does no harm to rotate what was cut off.
      const [reply, known] = await Promise.all([rotating, owner && cutOffsOf(owner)])
      if (!Array.isArray(reply)) throw new StateUnavailable('Redis: not the reply to a rotation')
      const [outcome, value] = reply
      if (outcome !== 'rotated' && outcome !== 'retried') {
        const reused = outcome === 'reused' && (!redis.sharded || (await endFamily(id)))
        return { outcome: reused ? 'reused' : 'gone' }
      }
      const family = readFamily(id, String(value))
      if ((known ?? (await cutOffsOf(family))) >= family.createdAt) return { outcome: 'gone' }
      return { outcome, generation: family.generation, family }
    },

    async endFamily(id) {
      await endFamily(id)
    },

    async familiesOf(sub, limit) {
      const found = await Promise.all((await logins.of(sub)).map((id) => findFamily(id)))
      return found
        .filter((family) => family !== undefined)
        .filter((family) => family.sub === sub.toWellFormed())
        .sort((a, b) => b.createdAt - a.createdAt)
        .slice(0, limit)
    },

    async revokeToken(jti, ttl) {
      if (ttl <= 0) return
      if (redis.sharded) await revocations.append('token', jti)
      await redis.runDurably(scripts.revoke, revokedKey(jti), milliseconds(ttl), ...log, jti)
    },

    // All at once, since a token tells whose its family is.
    async tokenStanding(token) {
      const { family: id } = token
      const keys = [revokedKey(token.jti), ...cutOffKeys(token)]
      const values = await readAll(id === undefined ? keys : [...keys, familyKey(id)])
      const [revoked, ...cutOffs] = values.slice(0, keys.length)
      const value = values[keys.length]
      if (revoked !== null) return { live: false }
      if (id === undefined) return { live: token.issuedAt * 1000 > latest(cutOffs) }
      if (typeof value !== 'string') return { live: false }
      const family = readFamily(id, value)
      const live = isOf(token, family) && latest(cutOffs) < family.createdAt
      return live ? { live, family } : { live }
    },

    async cutOff(target, at) {
      const { kind } = target
      const name = nameOf(target)
      const asked = at === undefined ? '' : Math.ceil(at)
      const mark = (since: number | '') => {
        const markKey = key('cutoff', ...targetParts(target))
        const lifetime = milliseconds(longestFamily)
        return redis.runDurably(scripts.cutOff, markKey, since, lifetime, ...log, kind, name)
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
      await redis.sendDurably('del', recordKey(kind, id))
    },

    async once(id, ttl) {
      const name = key('once', part(id))
      return (await redis.send('set', name, 1, 'PX', milliseconds(ttl), 'NX')) === 'OK'
    },

    spend: budgets.spend,
    settle: budgets.settle,

    ...redisKeys(redis, (...parts) => key(...parts.map(part))),
    async cutKey(kid) {
      await revocations.append('key', kid)
    },

    check: () => redis.check(),
    close: () => redis.close(),
  }
}

const targetParts = (target: CutOffTarget): string[] =>
  target.kind === 'everything' ? [target.kind] : [target.kind, part(nameOf(target))]

/** The inverse of `write` in scripts/family.lua. */
function readFamily(id: string, value: string): Family {
  const end = value.indexOf('\n')
  const head = value.slice(0, end).split(' ')
  const [generation = 0, createdAt = 0, used = 0, idle = 0, absolute = 0] = head.map(Number)
  const [client = '', sub = ''] = head.slice(6).map(decodeURIComponent)
  return {
    ...unpackFacts({ id, clientId: client, sub }, value.slice(end + 1)),
    generation,
    createdAt,
    lastUsedAt: createdAt + used,
    idleExpiresAt: createdAt + idle,
    expiresAt: createdAt + absolute,
  }
}
