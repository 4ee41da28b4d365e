import { randomUUID } from 'node:crypto'
import { type QueryExecutorProvider, type QueryResult, type RawBuilder, sql } from 'kysely'
import { bounded } from './bounded.ts'
import { AmbiguousUser, type Directory, type DirectoryLog, type User } from './directory.ts'
import { readLogin, sameName } from './names.ts'
import { type Flavour, openDatabase } from './sql/database.ts'
import { isDataError, isDenied } from './sql/errors.ts'
import { columnsOf, type Row, readUser } from './sql/mapping.ts'
import { resolve, type SqlOptions } from './sql/options.ts'
import { groupsOf, ownQuery, tableStatements } from './sql/statements.ts'
import { text } from './values.ts'

export type { SqlOptions } from './sql/options.ts'

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
  const { table, mapping: resolved } = resolve(options)
  let mapping = resolved
  const within = bounded(name, { timeout: options.timeout, inFlight: options.connections * 8 })
  const statements = tableStatements(flavour, table, mapping)
  const standIn: Row = Object.fromEntries(columnsOf(mapping).map((column) => [column, '1']))

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

  // Where the column's character set has no combining accents (latin1), no name in it is decomposed.
  const rowsNamed = (login: string) =>
    statements
      .byLogin(login)
      .execute(db)
      .then((answer) => answer.rows as Row[])
      .catch((error: unknown) => {
        if (isDataError(error)) return rows(db, statements.byLogin(login, ['NFC']))
        throw error
      })

  const rowsById = compiledOnce(db, (id) =>
    query ? ownQuery(query.byId, 'id', id) : statements.byId(id),
  )

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
        const found = query
          ? await rows(db, ownQuery(query.byLogin, 'login', login))
          : await rowsNamed(login)
        // The owner's query decides itself which names are the same.
        const [row, second] = query ? found : found.filter((one) => answersTo(one, login))
        if (second) throw new AmbiguousUser(`directory ${name}: two users answer to one name`)
        if (row) return read(row)
        // An unknown name takes as long as a known one.
        await read(standIn)
        return undefined
      }),
    findById: (id) =>
      within(async () => {
        const found = await rowsById(id)
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
    size: () => within(async () => Number((await rows(db, statements.size()))[0]?.size)),
    check: () =>
      within(async () => {
        const probe = query ? ownQuery(query.byLogin, 'login', 'latchkey') : statements.probe()
        await probe.execute(db)
        if (mapping.groups) await rows(db, groupsOf(mapping.groups, '0'))
      }),
    close: () => db.destroy(),
  }
  if (query) {
    delete directory.scan
    delete directory.size
  }
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
          // No hash is made for nothing again: without rehashTo nobody offers one.
          mapping = { ...mapping, rehashTo: undefined }
          log?.warn({ directory: name }, 'rehash is on, but the database role may not update')
          return false
        }
      }),
  }
}

const rows = (db: QueryExecutorProvider, statement: RawBuilder<unknown>): Promise<Row[]> =>
  rowsOf(sql<Row>`${statement}`.execute(db))

/** `rows` of a statement whose text is the same for every value: putting it together costs more than SQLite takes to run it. */
function compiledOnce(
  db: QueryExecutorProvider,
  make: (value: string) => RawBuilder<unknown>,
): (value: string) => Promise<Row[]> {
  const place = randomUUID()
  const compiled = sql<Row>`${make(place)}`.compile(db)
  return (value) => {
    const parameters = compiled.parameters.map((each) => (each === place ? value : each))
    return rowsOf(db.getExecutor().executeQuery<Row>({ ...compiled, parameters }))
  }
}

/** The rows of a SELECT; none where a value cannot be one of the column's, such as `abc` for a number. */
async function rowsOf(answer: Promise<QueryResult<Row>>): Promise<Row[]> {
  try {
    return (await answer).rows
  } catch (error) {
    if (isDataError(error)) return []
    throw error
  }
}
