import { type QueryExecutorProvider, type RawBuilder, sql } from 'kysely'
import { bounded } from './bounded.ts'
import { AmbiguousUser, type Directory, type DirectoryLog, type User } from './directory.ts'
import { readLogin, sameName } from './names.ts'
import { type Flavour, openDatabase } from './sql/database.ts'
import { type Columns, type Groups, type Mapping, type Row, readUser } from './sql/mapping.ts'
import { type Preset, type PresetName, presets } from './sql/presets.ts'
import { groupsOf, ownQuery, tableStatements } from './sql/statements.ts'
import { text } from './values.ts'

type Loose<T> = { readonly [K in keyof T]?: T[K] | undefined }

export interface SqlOptions {
  readonly name: string
  /** sqlite:PATH, postgres://… or mysql://… */
  readonly url: string
  readonly ca?: string | undefined
  readonly connections: number
  /** Milliseconds a look-up may take in all. */
  readonly timeout: number
  readonly preset?: PresetName | undefined
  readonly table?: string | undefined
  readonly columns?: Loose<Columns> | undefined
  readonly login?: Mapping['login'] | undefined
  readonly ignoreCase?: boolean | undefined
  readonly ignoreEmailCase?: boolean | undefined
  readonly activeValues?: readonly string[] | undefined
  readonly where?: Mapping['where'] | undefined
  readonly claims?: Mapping['claims'] | undefined
  readonly scopes?: readonly string[] | undefined
  /** Whether a user whose scopes column is null may have every scope, instead of none of it. */
  readonly nullScopesAreAll?: boolean
  readonly groups?: Loose<Groups> | undefined
  /** The owner's own SELECTs, instead of a table. */
  readonly query?: { readonly byLogin: string; readonly byId: string } | undefined
  readonly rehash: boolean
  readonly rehashTo?: 'argon2' | undefined
}

/** Users in a database of the owner's, which is only ever read unless `rehash` is on. */
export function openSqlDirectory(options: SqlOptions, log?: DirectoryLog): Directory {
  const { url, ca, connections, timeout, rehash } = options
  const patience = Math.floor(timeout / 2)
  const database = openDatabase({ url, ca, connections, patience, readOnly: !rehash })
  return sqlDirectory(database, options, log)
}

interface OpenDatabase {
  readonly flavour: Flavour
  readonly db: QueryExecutorProvider & { destroy(): Promise<void> }
}

/** The directory over a database that is open, one of our own for example. */
export function sqlDirectory(
  { flavour, db }: OpenDatabase,
  options: SqlOptions,
  log?: DirectoryLog,
): Directory {
  const { name, query } = options
  const { table, mapping } = resolve(options)
  const within = bounded(name, { timeout: options.timeout, inFlight: options.connections * 8 })
  const statements = tableStatements(flavour, table, mapping)

  async function read(row: Row): Promise<User> {
    const { groups, columns } = mapping
    const user = text(row[columns.id])
    if (!groups || user === undefined) return readUser(row, mapping, [])
    const named = await rows(db, groupsOf(groups, user))
    return readUser(
      row,
      mapping,
      named.flatMap((group) => text(group.name) ?? []),
    )
  }

  const answersTo = (row: Row, login: string) =>
    mapping.login.some((kind) => {
      const stored = text(row[mapping.columns[kind] ?? ''])
      const ignoreCase = kind === 'email' ? mapping.ignoreEmailCase : mapping.ignoreCase
      return stored !== undefined && sameName(stored, login, ignoreCase)
    })

  const directory: Directory = {
    name,
    findByLogin: (typed) =>
      within(async () => {
        const login = readLogin(typed)
        if (login === undefined) return undefined
        const found = await rows(
          db,
          query ? ownQuery(query.byLogin, 'login', login) : statements.byLogin(login),
        )
        // The owner's query decides itself which names are the same.
        const [row, second] = query ? found : found.filter((one) => answersTo(one, login))
        if (second) throw new AmbiguousUser(`directory ${name}: two users answer to one name`)
        return row && (await read(row))
      }),
    findById: (id) =>
      within(async () => {
        const found = await rows(db, query ? ownQuery(query.byId, 'id', id) : statements.byId(id))
        // MySQL takes 12abc for 12, and a collation may take one id for another.
        const [row, second] = found.filter((one) => text(one[mapping.columns.id]) === id)
        if (second) throw new AmbiguousUser(`directory ${name}: two users have one id`)
        return row && (await read(row))
      }),
    async *scan() {
      const size = 500
      let last: string | undefined
      do {
        const page: Row[] = await within(() => rows(db, statements.page(last, size)))
        last = page.length < size ? undefined : text(page.at(-1)?.id)
        for (const { id, hash } of page) yield { id: text(id) ?? '', hash: text(hash) }
      } while (last !== undefined)
    },
    check: () =>
      within(async () => {
        const probe = query ? ownQuery(query.byLogin, 'login', 'latchkey') : statements.probe()
        await probe.execute(db)
        if (mapping.groups) await rows(db, groupsOf(mapping.groups, '0'))
      }),
    close: () => db.destroy(),
  }
  if (query) delete directory.scan
  if (!options.rehash) return directory
  return {
    ...directory,
    replaceHash: (user, from, to) =>
      within(async () => {
        try {
          const { numAffectedRows } = await statements.replaceHash(user.id, from, to).execute(db)
          return numAffectedRows === 1n
        } catch (error) {
          if (!isDenied(error)) throw error
          log?.warn({ directory: name }, 'rehash is on, but the database role may not update')
          return false
        }
      }),
  }
}

function resolve(options: SqlOptions): { table: string; mapping: Mapping } {
  const preset: Partial<Preset> = options.preset ? presets[options.preset] : {}
  const columns = { ...preset.columns, ...known(options.columns ?? {}) } as Columns
  const { members, names, ...rest } = options.groups ?? {}
  const joined = members ? { members, names } : preset.groups
  const mapping: Mapping = {
    columns,
    login: options.login ?? preset.login ?? ['username'],
    ignoreCase: options.ignoreCase ?? preset.ignoreCase ?? false,
    ignoreEmailCase: options.ignoreEmailCase ?? preset.ignoreEmailCase ?? false,
    activeValues: options.activeValues,
    where: options.where ?? {},
    claims: options.claims ?? {},
    scopes: options.scopes,
    nullScopesAreAll: options.nullScopesAreAll ?? false,
    ...(options.groups && joined && { groups: { ...rest, ...joined } }),
    ...(options.rehash && { rehashTo: options.rehashTo ?? preset.rehashTo }),
  }
  return { table: options.table ?? preset.table ?? '', mapping }
}

const known = <T extends object>(values: T): Partial<T> =>
  Object.fromEntries(
    Object.entries(values).filter(([, value]) => value !== undefined),
  ) as Partial<T>

/** The rows of a SELECT; none where a value cannot be one of the column's, such as `abc` for a number. */
async function rows(db: QueryExecutorProvider, statement: RawBuilder<unknown>): Promise<Row[]> {
  try {
    const answer = await sql<Row>`${statement}`.execute(db)
    return answer.rows
  } catch (error) {
    if (isDataError(error)) return []
    throw error
  }
}

/** SQLSTATE class 22 (PostgreSQL), 1267 and 3854 (no common collation, MySQL). */
function isDataError(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  if ('errno' in error && (error.errno === 1267 || error.errno === 3854)) return true
  return 'code' in error && /^22...$/.test(String(error.code))
}

/** PostgreSQL 42501, 25006; MySQL 1142, 1143, 1290, 1792; SQLite READONLY. */
function isDenied(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  if ('errcode' in error && error.errcode === 8) return true
  if ('errno' in error && [1142, 1143, 1290, 1792].includes(Number(error.errno))) return true
  return 'code' in error && ['42501', '25006'].includes(String(error.code))
}
