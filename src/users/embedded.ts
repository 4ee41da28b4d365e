import type { Directory, DirectoryLog } from './directory.ts'
import { openUserTable, userColumns } from './embedded/table.ts'
import { type SqlOptions, sqlDirectory } from './sql.ts'

export interface EmbeddedOptions {
  readonly name: string
  /** SQLite file. */
  readonly path: string
  /** Claim -> column of our table: what may be told about the user in a token. */
  readonly claims?: Readonly<Record<string, string>> | undefined
  /** Scopes every user may have, beside those of their own. */
  readonly scopes?: readonly string[] | undefined
}

/** Users in a table of our own, managed by `latchkey user`. Names and e-mail addresses ignore case. */
export function openEmbeddedDirectory(options: EmbeddedOptions, log?: DirectoryLog): Directory {
  return sqlDirectory(openUserTable(options.path), { ...embeddedTable(options), rehash: true }, log)
}

/** Our own table, as if it were an owner's. */
export const embeddedTable = ({ name, path, claims, scopes }: EmbeddedOptions): SqlOptions => ({
  name,
  url: `sqlite:${path}`,
  connections: 8,
  timeout: 2000,
  table: 'users',
  columns: userColumns,
  login: ['username', 'email'],
  ignoreCase: true,
  ignoreEmailCase: true,
  claims,
  scopes,
  nullScopesAreAll: true,
  rehash: false,
  rehashTo: 'argon2',
})
