import { packFacts, unpackFacts } from './facts.ts'
import { familyLifetimes, milliseconds } from './lifetimes.ts'
import type { RedisConnection } from './redis-connection.ts'
import type { redisCutOffs } from './redis-cut-offs.ts'
import { redisLogins } from './redis-logins.ts'
import type { redisRevocations } from './redis-revocations.ts'
import { scripts } from './redis-script.ts'
import { type Family, type State, StateUnavailable } from './state.ts'

/** The families in Redis. `key` makes a key of its percent-encoded parts. */
export function redisFamilies(
  redis: RedisConnection,
  key: (...parts: string[]) => string,
  cutOffs: Pick<ReturnType<typeof redisCutOffs>, 'of' | 'prefix' | 'since'>,
  revocations: Pick<ReturnType<typeof redisRevocations>, 'append' | 'log'>,
) {
  const keyOf = (id: string) => key('family', id)
  const logins = redisLogins(redis, key)

  const find: State['findFamily'] = async (id, next) => {
    const value = await redis.run(scripts.find, [keyOf(id)], cutOffs.prefix)
    if (typeof value !== 'string') return undefined
    const family = readFamily(id, value)
    if (next === 'rotate') return family
    return (await cutOffs.of(family)) < family.createdAt ? family : undefined
  }

  /** Whether it was there to be ended. */
  const end = async (id: string): Promise<boolean> => {
    if (redis.sharded && (await redis.send('exists', keyOf(id))) === 1) {
      await revocations.append('family', id)
    }
    return (await redis.runDurably(scripts.end, keyOf(id), ...revocations.log, id)) === 1
  }

  const open: State['openFamily'] = async (family) => {
    const { idle, absolute } = familyLifetimes(family)
    // The list of a user lives in another slot. Written first it may name a family that never came
    // to be, which is harmless; written last it could miss one that did.
    // A family without an epoch would be taken for one from before it.
    await Promise.all([logins.enlist(family, absolute), cutOffs.since()])
    const value = await redis.run(
      scripts.open,
      [keyOf(family.id)],
      idle,
      absolute,
      encodeURIComponent(family.clientId.toWellFormed()),
      encodeURIComponent(family.sub.toWellFormed()),
      packFacts(family),
    )
    if (typeof value !== 'string') throw new Error('a family with this id exists already')
    return readFamily(family.id, value)
  }

  const rotate: State['rotate'] = async ({ family: id, presented, grace, idle, nonce, owner }) => {
    const rotating = redis.runDurably(
      scripts.rotate,
      keyOf(id),
      cutOffs.prefix,
      presented,
      grace * 1000,
      milliseconds(idle),
      encodeURIComponent(nonce),
      ...revocations.log,
      id,
    )
    // Meanwhile, for it does no harm to rotate what was cut off.
    const [reply, known] = await Promise.all([rotating, owner && cutOffs.of(owner)])
    if (!Array.isArray(reply)) throw new StateUnavailable('Redis: not the reply to a rotation')
    const [outcome, value] = reply
    if (outcome !== 'rotated' && outcome !== 'retried') {
      const reused = outcome === 'reused' && (!redis.sharded || (await end(id)))
      return { outcome: reused ? 'reused' : 'gone' }
    }
    const family = readFamily(id, String(value))
    if ((known ?? (await cutOffs.of(family))) >= family.createdAt) return { outcome: 'gone' }
    return { outcome, generation: family.generation, family }
  }

  const of: State['familiesOf'] = async (sub, limit) => {
    const found = await Promise.all((await logins.of(sub)).map((id) => find(id)))
    return found
      .filter((family) => family !== undefined)
      .filter((family) => family.sub === sub.toWellFormed())
      .sort((a, b) => b.createdAt - a.createdAt)
      .slice(0, limit)
  }

  return { keyOf, open, find, rotate, end, of }
}

/** The inverse of `write` in scripts/family.lua. */
export function readFamily(id: string, value: string): Family {
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
