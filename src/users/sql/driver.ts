import { CompiledQuery, type DatabaseConnection, type Driver, type QueryResult } from 'kysely'

/** A connection lent by a pool for some statements. */
export interface Link {
  run(sql: string, parameters: readonly unknown[]): Promise<Answer>
  release(): void
}

export interface Answer {
  readonly rows: readonly unknown[]
  readonly affected?: number | bigint
}

export interface LinkPool {
  lend(): Promise<Link>
  end(): Promise<void>
}

/** What kysely runs its statements on, over a pool that is opened with the first of them. */
export function pooledDriver(open: () => Promise<LinkPool>, begin = 'begin'): Driver {
  let pool: LinkPool | undefined
  const lent = new WeakMap<DatabaseConnection, Link>()
  const statement = (text: string) => (connection: DatabaseConnection) =>
    connection.executeQuery(CompiledQuery.raw(text)).then(() => {})
  return {
    async init() {
      pool = await open()
    },
    async acquireConnection() {
      if (!pool) throw new Error('the database is closed')
      const link = await pool.lend()
      const connection = connectionOver(link)
      lent.set(connection, link)
      return connection
    },
    beginTransaction: statement(begin),
    commitTransaction: statement('commit'),
    rollbackTransaction: statement('rollback'),
    async releaseConnection(connection) {
      lent.get(connection)?.release()
    },
    async destroy() {
      const closing = pool
      pool = undefined
      await closing?.end()
    },
  }
}

function connectionOver(link: Link): DatabaseConnection {
  return {
    async executeQuery<R>({ sql, parameters }: CompiledQuery): Promise<QueryResult<R>> {
      const { rows, affected } = await link.run(sql, parameters)
      const answer = { rows: rows as R[] }
      return affected === undefined ? answer : { ...answer, numAffectedRows: BigInt(affected) }
    },
    // biome-ignore lint/correctness/useYield: nothing here streams; scan() reads page by page.
    async *streamQuery() {
      throw new Error('statements are not streamed')
    },
  }
}
