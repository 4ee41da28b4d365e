import { randomBytes, randomUUID } from 'node:crypto'
import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { parseArgs } from 'node:util'
import { browserOf } from '../src/oauth/user-agent.ts'
import { openState } from '../src/state/index.ts'
import type { NewFamily, State } from '../src/state/state.ts'
import { startRedis } from '../test/parts/redis.ts'
import { temporaryFolder } from '../test/parts/temporary-folder.ts'

/**
 * npm run bench:memory [-- --families 1000000 --rows 100000]: what a login costs. In Redis, the
 * difference of `used_memory` a family, its keys, their expiry, the tables and the user's list
 * included; in SQLite, the file with its indices a row.
 */
const { values } = parseArgs({
  options: {
    families: { type: 'string', default: '100000' },
    rows: { type: 'string', default: '20000' },
  },
})
const day = 86_400
const field =
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36'
const userAgent = browserOf(field) ?? ''

interface Case {
  readonly title: string
  readonly loginsPerUser: number
  readonly device: boolean
}

const cases: readonly Case[] = [
  { title: 'three logins per user', loginsPerUser: 3, device: false },
  { title: 'one login per user', loginsPerUser: 1, device: false },
  { title: 'one login per user, address and user agent', loginsPerUser: 1, device: true },
]

const login = (sub: string, device: boolean): NewFamily => ({
  id: randomBytes(16).toString('base64url'),
  clientId: 'web',
  sub,
  username: `${sub.slice(0, 13)}@example.com`,
  scope: 'openid profile email offline_access',
  audience: 'https://api.example.com',
  amr: ['pwd'],
  authTime: Math.floor(Date.now() / 1000),
  ...(device && { address: '203.0.113.177', userAgent }),
  idle: 14 * day,
  absolute: 90 * day,
})

/** Opens `count` families, many at once, and gives their ids. */
async function fill(state: State, count: number, { loginsPerUser, device }: Case) {
  const ids: string[] = []
  let sub = ''
  await spread(count, async (at) => {
    if (at % loginsPerUser === 0) sub = randomUUID()
    const family = login(sub, device)
    ids.push(family.id)
    await state.openFamily(family)
  })
  return ids
}

const rotate = (state: State, ids: readonly string[]) =>
  spread(ids.length, async (at) => {
    const [family = '', nonce] = [ids[at], randomBytes(9).toString('base64url')]
    await state.rotate({ family, presented: 1, grace: 10, idle: 14 * day, nonce })
  })

async function spread(count: number, act: (at: number) => Promise<void>): Promise<void> {
  let next = 0
  const worker = async () => {
    for (let at = next++; at < count; at = next++) await act(at)
  }
  await Promise.all(Array.from({ length: 64 }, worker))
}

const report = (title: string, fresh: number, rotated: number) =>
  console.log(`${title}: ${fresh.toFixed(0)} bytes, ${rotated.toFixed(0)} after a rotation`)

async function inRedis(each: Case, families: number): Promise<void> {
  const redis = await startRedis({ directives: ['auto-aof-rewrite-percentage 0'] })
  const state = await openState({ url: redis.url, timeout: 30_000 })
  const used = async () =>
    Number(/^used_memory:(\d+)/m.exec(await redis.command('INFO', 'memory'))?.[1])
  try {
    const empty = await used()
    const ids = await fill(state, families, each)
    const fresh = await used()
    await rotate(state, ids)
    report(`Redis, ${each.title}`, (fresh - empty) / families, ((await used()) - empty) / families)
  } finally {
    await state.close()
    await redis.stop()
  }
}

async function inSqlite(each: Case, rows: number): Promise<void> {
  await using folder = await temporaryFolder()
  const file = join(folder.path, 'state.sqlite')
  const state = await openState({ url: `sqlite:${file}` })
  const size = async () => {
    const database = new DatabaseSync(file)
    database.exec('PRAGMA wal_checkpoint(TRUNCATE)')
    database.close()
    return (await stat(file)).size
  }
  const empty = await size()
  const ids = await fill(state, rows, each)
  const fresh = await size()
  await rotate(state, ids)
  report(`SQLite, ${each.title}`, (fresh - empty) / rows, ((await size()) - empty) / rows)
  await state.close()
}

for (const each of cases) await inRedis(each, Number(values.families))
for (const each of cases) await inSqlite(each, Number(values.rows))
