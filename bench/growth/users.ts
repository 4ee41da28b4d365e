import { randomInt } from 'node:crypto'
import { DatabaseSync } from 'node:sqlite'
import { openAccounts } from '../../src/users/embedded/accounts.ts'
import { type DirectoryOptions, openDirectories } from '../../src/users/index.ts'
import { startPostgres } from '../../test/parts/postgres.ts'
import { cost, type Row, wall } from './costs.ts'

/** What finding the user of a login costs: by username or address, as the directories are asked. */
async function looking(
  what: string,
  options: DirectoryOptions,
  sizes: readonly number[],
  /** Users `user<from>` to `user<to>`. */
  add: (from: number, to: number) => Promise<void>,
): Promise<Row> {
  const directory = openDirectories([options])
  const costs: [number, number][] = []
  let there = 0
  for (const size of sizes) {
    await add(there + 1, size)
    there = size
    const each = await cost(wall, async () => {
      const username = `user${randomInt(1, size)}`
      if ((await directory.findByLogin(username))?.username !== username) {
        throw new Error(`${username} is not there`)
      }
    })
    costs.push([size, each])
  }
  await directory.close()
  return { what, costs }
}

/** Our own table. */
export async function usersInSqlite(path: string, sizes: readonly number[]): Promise<Row> {
  // The table is made with the first user.
  const accounts = openAccounts(path)
  await accounts.add({ username: 'johndoe' })
  await accounts.close()
  const options = { type: 'embedded', name: 'users', path, subjectPrefix: '' } as const
  const database = new DatabaseSync(path)
  const add = database.prepare(`
    WITH RECURSIVE n(i) AS (VALUES (CAST(? AS INTEGER)) UNION ALL SELECT i + 1 FROM n WHERE i < ?)
    INSERT INTO users (id, username, username_folded, email, email_folded, hash, created_at)
    SELECT lower(hex(randomblob(16))), 'user' || i, 'user' || i, 'user' || i || '@example.com',
      'user' || i || '@example.com', 'none', 0 FROM n`)
  try {
    return await looking('user by users, SQLite', options, sizes, async (from, to) => {
      add.run(from, to)
    })
  } finally {
    database.close()
  }
}

/** A table as an owner has it, with the indices that it has for its own logins. */
export async function usersInPostgres(sizes: readonly number[]): Promise<Row> {
  const server = await startPostgres()
  try {
    const url = await server.createDatabase('people')
    await server.run(
      'people',
      'create table people (id bigint primary key, login text unique, mail text unique, hash text)',
    )
    const options = {
      type: 'sql',
      ...{ name: 'people', url, table: 'people', subjectPrefix: '', rehash: false },
      ...{ connections: 1, timeout: 5000 },
      columns: { id: 'id', username: 'login', email: 'mail', password: 'hash' },
      login: ['username', 'email'],
    } as const
    return await looking('user by users, PostgreSQL', options, sizes, (from, to) =>
      server.run(
        'people',
        `insert into people select i, 'user' || i, 'user' || i || '@example.com', 'none'
          from generate_series(${from}, ${to}) as i`,
        'analyze people',
      ),
    )
  } finally {
    await server.stop()
  }
}
