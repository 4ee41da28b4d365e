import {
  type Dialect,
  Kysely,
  MysqlAdapter,
  MysqlIntrospector,
  MysqlQueryCompiler,
  PostgresAdapter,
  PostgresIntrospector,
  PostgresQueryCompiler,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
} from 'kysely'
import { type LinkPool, pooledDriver } from './driver.ts'
import { mysqlPool } from './mysql.ts'
import { postgresPool } from './postgres.ts'
import { serverOptions } from './server.ts'
import { sqlitePool } from './sqlite.ts'

export type Flavour = 'sqlite' | 'postgres' | 'mysql'

export interface DatabaseOptions {
  /** sqlite:PATH, postgres://… or mysql://… (also for MariaDB). */
  readonly url: string
  /** Path of the authority to trust, PEM. */
  readonly ca?: string | undefined
  /** Most connections at once. */
  readonly connections: number
  /** Milliseconds for connecting, and again for a statement. */
  readonly patience: number
  /** SQLite: open the file for reading alone. */
  readonly readOnly: boolean
  /** SQLite: statements that make the tables of a database of our own. */
  readonly schema?: readonly string[]
}

export interface Database<Tables> {
  readonly flavour: Flavour
  readonly db: Kysely<Tables>
}

/** Opens a database with its first statement, so a server that is down is no reason not to start. */
export function openDatabase<Tables>(options: DatabaseOptions): Database<Tables> {
  const flavour = flavourOf(options.url)
  return { flavour, db: new Kysely<Tables>({ dialect: dialectOf(flavour, options) }) }
}

function flavourOf(url: string): Flavour {
  if (url.startsWith('sqlite:')) return 'sqlite'
  return /^postgres(ql)?:/.test(url) ? 'postgres' : 'mysql'
}

function dialectOf(flavour: Flavour, options: DatabaseOptions): Dialect {
  const { url, ca, connections, patience, readOnly, schema } = options
  const server = () => serverOptions(url, ca, connections, patience)
  const path = url.slice('sqlite:'.length)
  const open: Record<Flavour, () => Promise<LinkPool>> = {
    sqlite: () => sqlitePool({ path, readOnly, ...(schema && { schema }) }),
    postgres: () => postgresPool(server()),
    mysql: () => mysqlPool(server()),
  }
  const parts = {
    sqlite: [SqliteAdapter, SqliteIntrospector, SqliteQueryCompiler],
    postgres: [PostgresAdapter, PostgresIntrospector, PostgresQueryCompiler],
    mysql: [MysqlAdapter, MysqlIntrospector, MysqlQueryCompiler],
  } as const
  const [Adapter, Introspector, QueryCompiler] = parts[flavour]
  return {
    createAdapter: () => new Adapter(),
    createDriver: () =>
      pooledDriver(open[flavour], flavour === 'sqlite' ? 'begin immediate' : 'begin'),
    createIntrospector: (db) => new Introspector(db),
    createQueryCompiler: () => new QueryCompiler(),
  }
}
