import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { parseArgs } from 'node:util'
import { Redis } from 'ioredis'
import { openState } from '../src/state/index.ts'
import type { Family, State } from '../src/state/state.ts'
import { openAccounts } from '../src/users/embedded/accounts.ts'
import { openDirectories } from '../src/users/index.ts'
import { startRedis } from '../test/parts/redis.ts'
import { temporaryFolder } from '../test/parts/temporary-folder.ts'
import { quantile } from './statistics.ts'

/**
 * npm run bench:growth [-- --most 1000000]: what a refresh costs the more logins are alive, an
 * introspection the more tokens are revoked, and a login the more users there are; and whether that
 * is constant, logarithmic or linear. Of the store and the directory alone: HTTP does not grow.
 */
const { values } = parseArgs({ options: { most: { type: 'string', default: '1000000' } } })
const most = Number(values.most)
const sizes = [1000, 100_000, 1_000_000].filter((size) => size <= most)

/** Puts copies of one record beside it, as nothing else is fast enough; they are as alive as it is. */
interface Copier {
  copy(of: 'family' | 'revoked', id: string, from: number, to: number): Promise<void>
  close(): void
}

function sqliteCopier(path: string): Copier {
  const database = new DatabaseSync(path, { timeout: 10_000 })
  const numbers = 'WITH RECURSIVE n(i) AS (VALUES (?) UNION ALL SELECT i + 1 FROM n WHERE i < ?)'
  const statements = {
    family: `${numbers} INSERT INTO family SELECT printf('copy%018d', i), client, sub || i, generation, nonce, created_at,
      last_used_at, expires_at, absolute_expires_at, facts FROM family, n WHERE id = ?`,
    revoked: `${numbers} INSERT INTO revoked SELECT printf('copy%018d', i), expires_at FROM revoked, n WHERE jti = ?`,
  }
  return {
    async copy(of, id, from, to) {
      database.prepare(statements[of]).run(from, to - 1, id)
    },
    close: () => database.close(),
  }
}

function redisCopier(url: string): Copier {
  const redis = new Redis(url)
  const script = `local value, ttl = redis.call('GET', KEYS[1]), redis.call('PTTL', KEYS[1])
    for i = ARGV[2], ARGV[3] do redis.call('SET', ARGV[1] .. string.format('copy%018d', i), value, 'PX', ttl) end`
  return {
    async copy(of, id, from, to) {
      const [key = ''] = await redis.keys(`*${of}:${id}`)
      const prefix = key.slice(0, -id.length)
      for (let at = from; at < to; at += 10_000) {
        await redis.eval(script, 1, key, prefix, at, Math.min(at + 10_000, to) - 1)
      }
    },
    close: () => redis.disconnect(),
  }
}

const familyId = (index: number) => `family${String(index).padStart(16, '0')}`

const openFamily = (state: State, id: string): Promise<Family> =>
  state.openFamily({
    id,
    clientId: 'web',
    sub: `sub-${id}`,
    username: 'johndoe',
    scope: 'read write',
    audience: 'https://api.example',
    amr: ['pwd'],
    authTime: Math.floor(Date.now() / 1000),
    idle: 86_400,
    absolute: 86_400,
  })

/** Milliseconds: the quickest quarter's end of many calls, one after the other, so that neighbours count little. */
async function cost(times: number, call: (index: number) => Promise<unknown>): Promise<number> {
  const all: number[] = []
  for (let index = 0; index < times; index += 1) {
    const start = performance.now()
    await call(index)
    all.push(performance.now() - start)
  }
  return quantile(all, 0.25)
}

/** What the costs at rising sizes amount to: twice the cost of a thousand times as many is no growth in this noise. */
function growth(costs: readonly (readonly [size: number, cost: number])[]): string {
  const [first, last] = [costs.at(0), costs.at(-1)]
  if (first === undefined || last === undefined || first === last) return 'one size says nothing'
  const exponent = Math.log(last[1] / first[1]) / Math.log(last[0] / first[0])
  if (exponent > 0.5) return 'linear'
  return last[1] / first[1] < 2 ? 'constant' : 'logarithmic'
}

function report(what: string, costs: readonly (readonly [number, number])[]): void {
  const figures = costs.map(([size, each]) => `${size.toLocaleString('en')}: ${each.toFixed(3)} ms`)
  console.log(`${what.padEnd(56)} ${figures.join('   ')}   ${growth(costs)}`)
}

async function families(state: State, copier: Copier, store: string): Promise<void> {
  const own = await Promise.all(
    Array.from({ length: 300 }, (_, index) => openFamily(state, familyId(index))),
  )
  let there = 0
  const generations = own.map(({ generation }) => generation)
  const costs: [number, number][] = []
  for (const size of sizes) {
    await copier.copy('family', familyId(0), there, size)
    there = size
    const each = await cost(own.length, async (index) => {
      await state.findFamily(familyId(index))
      const outcome = await state.rotate({
        family: familyId(index),
        presented: generations[index] ?? 1,
        grace: 10,
        idle: 86_400,
        nonce: `${size}-${index}`,
      })
      if (outcome.outcome !== 'rotated') throw new Error(outcome.outcome)
      generations[index] = outcome.generation
    })
    costs.push([size, each])
  }
  report(`refresh by live logins, ${store}`, costs)
}

async function revocations(state: State, copier: Copier, store: string): Promise<void> {
  await state.revokeToken('the-first-one', 86_400)
  const { sub, clientId } = await openFamily(state, familyId(999))
  const issuedAt = Math.floor(Date.now() / 1000)
  let there = 0
  const costs: [number, number][] = []
  for (const size of [1, 1000, 100_000]) {
    await copier.copy('revoked', 'the-first-one', there, size)
    there = size
    const each = await cost(1000, async (index) => {
      const token = { jti: `none-${index}`, sub, clientId, issuedAt, family: familyId(999) }
      if (!(await state.tokenStanding(token)).live) throw new Error('not live')
    })
    costs.push([size, each])
  }
  report(`introspection by revoked tokens, ${store}`, costs)
}

async function users(path: string): Promise<void> {
  const accounts = openAccounts(path)
  await accounts.add({ username: 'johndoe', hash: 'none' })
  await accounts.close()
  const database = new DatabaseSync(path)
  const columns = database
    .prepare("SELECT name FROM pragma_table_info('users')")
    .all()
    .map(({ name }) => String(name))
  const copied = columns.map((name) =>
    ['id', 'username', 'username_folded'].includes(name) ? `${name} || i` : name,
  )
  const directory = openDirectories([{ type: 'embedded', name: 'users', path, subjectPrefix: '' }])
  let there = 0
  const costs: [number, number][] = []
  for (const size of sizes) {
    database
      .prepare(
        `WITH RECURSIVE n(i) AS (VALUES (?) UNION ALL SELECT i + 1 FROM n WHERE i < ?)
         INSERT INTO users SELECT ${copied.join(', ')} FROM users, n WHERE username = 'johndoe'`,
      )
      .run(there, size - 1)
    there = size
    const each = await cost(1000, async () => {
      if ((await directory.findByLogin('johndoe')) === undefined) throw new Error('not there')
    })
    costs.push([size, each])
  }
  report('looking a user up by users, own table in SQLite', costs)
  await directory.close()
  database.close()
}

await using folder = await temporaryFolder()
const redis = await startRedis()
const path = join(folder.path, 'state.sqlite')
for (const [store, url] of [
  ['SQLite', `sqlite:${path}`],
  ['Redis', redis.url],
] as const) {
  const state = await openState({ url })
  const copier = store === 'SQLite' ? sqliteCopier(path) : redisCopier(url)
  // KEYS over a million keys would hold Redis up for longer than a command may take.
  await revocations(state, copier, store)
  await families(state, copier, store)
  copier.close()
  await state.close()
}
await users(join(folder.path, 'users.sqlite'))
await redis.stop()
