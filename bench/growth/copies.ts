import { DatabaseSync } from 'node:sqlite'
import { Redis } from 'ioredis'

/** What there is more and more of. */
export type Kind = 'family' | 'revoked'

/** Puts copies of one record beside it, as alive as it is: nothing else gives a million in seconds. */
export interface Copier {
  /** So many more of them, under ids of their own. */
  copy(of: Kind, id: string, count: number): Promise<void>
  close(): void
}

const numbers = 'WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)'
/** Random as real ids are, so that those asked for lie all over the tree; in order, as else it takes minutes. */
const ids = 'SELECT lower(hex(randomblob(16))) AS id FROM n ORDER BY 1'

export function sqliteCopier(path: string): Copier {
  const database = new DatabaseSync(path, { timeout: 10_000 })
  database.exec('PRAGMA synchronous = OFF; PRAGMA cache_size = -400000')
  const statements: Record<Kind, readonly string[]> = {
    family: [
      `INSERT INTO family SELECT copies.id, client, copies.id, generation, nonce, created_at, last_used_at,
        expires_at, absolute_expires_at, facts FROM (${ids}) AS copies, family WHERE family.id = ?`,
    ],
    revoked: [
      `INSERT INTO revoked SELECT copies.id, expires_at FROM (${ids}) AS copies, revoked WHERE jti = ?`,
      `INSERT INTO revocation (kind, target, at, expires_at)
        SELECT kind, copies.id, at, expires_at FROM (${ids}) AS copies, revocation WHERE target = ?`,
    ],
  }
  return {
    async copy(of, id, count) {
      for (const statement of statements[of]) {
        database.prepare(`${numbers} ${statement}`).run(count, id)
      }
      database.exec('PRAGMA wal_checkpoint(TRUNCATE)')
    },
    close: () => database.close(),
  }
}

/** Redis may not stand still for long: no more in one script. */
const batch = 10_000

/** KEYS[1] the record, KEYS[2] the log, for what is logged   ARGV prefix of the key, first and last number, id */
const script = `
  local value, ttl = redis.call('GET', KEYS[1]), redis.call('PTTL', KEYS[1])
  local fields = KEYS[2] and redis.call('XREVRANGE', KEYS[2], '+', '-', 'COUNT', 1)[1][2]
  for i = ARGV[2], ARGV[3] do
    local id = string.format('copy%018d', i)
    redis.call('SET', ARGV[1] .. id, value, 'PX', ttl)
    if fields then redis.call('XADD', KEYS[2], '*', fields[1], (fields[2]:gsub('%S+$', id))) end
  end`

export function redisCopier(url: string): Copier {
  const redis = new Redis(url)
  const found = new Map<string, readonly string[]>()
  let last = 0

  /** Looked for once, before there are many: KEYS would take too long then. */
  async function keysOf(of: Kind, id: string): Promise<readonly string[]> {
    const known = found.get(id)
    if (known !== undefined) return known
    const [key] = await redis.keys(`*:${of}:*${id}`)
    if (key === undefined) throw new Error(`no ${of} of that id in Redis`)
    const keys = of === 'revoked' ? [key, ...(await redis.keys('*:revocations:*'))] : [key]
    found.set(id, keys)
    return keys
  }

  return {
    async copy(of, id, count) {
      const keys = await keysOf(of, id)
      const prefix = keys[0]?.slice(0, -id.length) ?? ''
      for (const end = last + count; last < end; ) {
        const to = Math.min(last + batch, end)
        await redis.eval(script, keys.length, ...keys, prefix, last + 1, to)
        last = to
      }
    },
    close: () => redis.disconnect(),
  }
}
