import { isIP } from 'node:net'
import type { LinkPool } from './driver.ts'
import type { ServerOptions } from './server.ts'

/** MySQL and MariaDB. */
export async function mysqlPool(options: ServerOptions): Promise<LinkPool> {
  const { default: mysql } = await import('mysql2/promise')
  const { url, tls, connections, patience } = options
  const socketPath = url.searchParams.get('socket')
  // mysql2 would compare the certificate of an address with the name `localhost`.
  if (tls && isIP(url.hostname.replace(/^\[|\]$/g, ''))) {
    throw new Error(
      'TLS to MySQL verifies names alone: write the name of the host, not its address',
    )
  }
  const pool = mysql.createPool({
    ...(socketPath ? { socketPath } : { host: url.hostname, port: Number(url.port) || 3306 }),
    user: decodeURIComponent(url.username),
    password: decodeURIComponent(url.password),
    database: decodeURIComponent(url.pathname.slice(1)),
    ...(tls && { ssl: { ...tls, verifyIdentity: true } }),
    charset: 'utf8mb4',
    connectionLimit: connections,
    connectTimeout: patience,
    enableKeepAlive: true,
    dateStrings: true,
    supportBigNumbers: true,
    bigNumberStrings: true,
  })
  pool.pool.on('connection', (connection) => {
    // Whoever uses a broken connection is told; without a listener it would end the process besides.
    connection.on('error', () => {})
    // TIMESTAMP columns are answered in the zone of the session; and a server that is not strict would
    // cut a new hash to the width of an old column. A failure shows in the next statement.
    const strict = "sql_mode = concat(@@sql_mode, ',STRICT_ALL_TABLES')"
    connection.query(`set time_zone = '+00:00', ${strict}`, () => {})
  })
  return {
    async lend() {
      const connection = await pool.getConnection()
      let broken = false
      return {
        async run(sql, parameters) {
          try {
            // Prepared: mysql2 would otherwise quote the values itself, wrongly where the server
            // has NO_BACKSLASH_ESCAPES.
            const [answer] = await connection.execute({
              sql,
              values: parameters.map(bindable),
              timeout: patience,
            })
            return Array.isArray(answer)
              ? { rows: answer }
              : { rows: [], affected: answer.affectedRows }
          } catch (error) {
            broken ||= !(error instanceof Error && 'sqlState' in error)
            throw error
          }
        },
        release: () => (broken ? connection.destroy() : connection.release()),
      }
    },
    // A connection that is still being made makes end() fail, and is closed all the same.
    end: () => pool.end().catch(() => {}),
  }
}

function bindable(value: unknown): string | number | boolean | null {
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') {
    return value
  }
  if (value === null || value === undefined) return null
  throw new TypeError('a parameter is text, a number, a boolean or null')
}
