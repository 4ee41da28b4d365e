import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { openState } from '../src/state/index.ts'
import { startRedis } from '../test/parts/redis.ts'
import { temporaryFolder } from '../test/parts/temporary-folder.ts'
import { redisCopier, sqliteCopier } from './growth/copies.ts'
import { ownWork, type Row, table, wall } from './growth/costs.ts'
import { amongLogins, amongRevocations } from './growth/tokens.ts'
import { usersInPostgres, usersInSqlite } from './growth/users.ts'

/**
 * npm run bench:growth [-- --most 1000000]: what a refresh and a login cost the more logins are alive,
 * an introspection and a revocation the more tokens are revoked, and a login the more users there are;
 * and whether that is constant, logarithmic or linear. Of the stores and the directories alone: HTTP
 * and hashes do not grow.
 */
const { values } = parseArgs({ options: { most: { type: 'string', default: '1000000' } } })
const most = Number(values.most)
const sizes = [1000, 100_000, 1_000_000].filter((size) => size <= most)
const tell = (line: string) => process.stderr.write(`${line} …\n`)
const rows: Row[] = []

await using folder = await temporaryFolder()
tell('users')
rows.push(await usersInSqlite(join(folder.path, 'users.sqlite'), sizes))
rows.push(await usersInPostgres(sizes))
// A rewrite of the append-only file would be measured with what comes after it.
const redis = await startRedis({ directives: ['auto-aof-rewrite-percentage 0'] })
const path = join(folder.path, 'state.sqlite')
try {
  const stores = [
    { name: 'SQLite', url: `sqlite:${path}`, copier: sqliteCopier(path), writes: ownWork },
    { name: 'Redis', url: redis.url, copier: redisCopier(redis.url), writes: wall },
  ]
  for (const { url, ...store } of stores) {
    tell(store.name)
    const state = await openState({ url })
    // Revocations first: the copies of logins come in where they do not count.
    rows.push(...(await amongRevocations({ ...store, state }, sizes)))
    rows.push(...(await amongLogins({ ...store, state }, sizes)))
    store.copier.close()
    await state.close()
  }
} finally {
  await redis.stop()
}
process.stdout.write(`${table(rows)}\n`)
