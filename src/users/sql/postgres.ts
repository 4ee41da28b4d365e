import type { LinkPool } from './driver.ts'
import type { ServerOptions } from './server.ts'

// date, timestamp, timestamptz: as text, since pg would read the second in the zone of this machine.
const textual = new Set([1082, 1114, 1184])

export async function postgresPool(options: ServerOptions): Promise<LinkPool> {
  const { default: pg } = await import('pg')
  const { url, tls, connections, patience } = options
  const pool = new pg.Pool({
    connectionString: url.href,
    ...(tls && { ssl: tls }),
    max: connections,
    connectionTimeoutMillis: patience,
    query_timeout: patience,
    statement_timeout: patience,
    keepAlive: true,
    application_name: 'latchkey',
    types: {
      getTypeParser: (oid: number, format?: 'text' | 'binary') =>
        textual.has(oid) ? (text: string) => text : pg.types.getTypeParser(oid, format),
    } as typeof pg.types,
  })
  // Whoever uses a broken connection is told; without listeners it would end the process besides.
  pool.on('error', () => {})
  pool.on('connect', (client) => client.on('error', () => {}))
  return {
    async lend() {
      const client = await pool.connect()
      let broken = false
      return {
        async run(sql, parameters) {
          try {
            const { command, rows, rowCount } = await client.query(sql, [...parameters])
            return command === 'SELECT' ? { rows } : { rows, affected: rowCount ?? 0 }
          } catch (error) {
            // Anything but an answer of the server, a timeout above all, leaves the connection in doubt.
            broken ||= !(error instanceof pg.DatabaseError)
            throw error
          }
        },
        release: () => client.release(broken),
      }
    },
    end: () => pool.end(),
  }
}
