import { chmodSync, mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync, type StatementSync } from 'node:sqlite'
import type { LinkPool } from './driver.ts'

export interface SqliteOptions {
  readonly path: string
  readonly readOnly: boolean
  /** Statements that make the tables of a database of our own; absent for one of the owner's. */
  readonly schema?: readonly string[]
}

// node:sqlite waits for a lock on the thread that serves everyone.
const lockWait = 250

/** A "pool" of the one connection that kysely's SQLite adapter allows. */
export async function sqlitePool({ path, readOnly, schema }: SqliteOptions): Promise<LinkPool> {
  if (schema) mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
  const database = new DatabaseSync(path, { readOnly, timeout: lockWait })
  if (schema) {
    chmodSync(path, 0o600)
    database.exec('pragma journal_mode = wal; pragma synchronous = full;')
    for (const statement of schema) database.exec(statement)
  }
  const prepared = preparing(database)
  const link = {
    async run(sql: string, parameters: readonly unknown[]) {
      const { statement, reads } = prepared(sql)
      const values = parameters.map(bindable)
      if (reads) return { rows: statement.all(...values) }
      return { rows: [], affected: statement.run(...values).changes }
    },
    release() {},
  }
  return {
    lend: async () => link,
    end: async () => database.close(),
  }
}

/** Statements kept; a mapping has fewer than ten, in the few forms that names take. */
const most = 64

interface Prepared {
  readonly statement: StatementSync
  /** Whether it gives rows. */
  readonly reads: boolean
}

/** Parsing a statement costs more than running it. */
function preparing(database: DatabaseSync): (sql: string) => Prepared {
  const statements = new Map<string, Prepared>()
  return (sql) => {
    const known = statements.get(sql)
    if (known !== undefined) return known
    const statement = database.prepare(sql)
    statement.setReadBigInts(true)
    if (statements.size === most) statements.clear()
    const prepared = { statement, reads: statement.columns().length > 0 }
    statements.set(sql, prepared)
    return prepared
  }
}

function bindable(value: unknown): string | number | bigint | null {
  if (typeof value === 'boolean') return value ? 1 : 0
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'bigint') {
    return value
  }
  if (value === null || value === undefined) return null
  throw new TypeError('a parameter is text, a number, a boolean or null')
}
