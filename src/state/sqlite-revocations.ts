import { randomUUID } from 'node:crypto'
import type { DatabaseSync } from 'node:sqlite'
import type { Clock } from './clock.ts'
import { milliseconds } from './lifetimes.ts'
import { birth, positionOf, readPosition } from './positions.ts'
import type { Revocation, RevocationLog, RevocationPage } from './state.ts'

/** The log of revocations in SQLite. Nothing here awaits: `append` and `epoch` belong into a transaction. */
export function sqliteRevocations(database: DatabaseSync, retention: number, clock: Clock) {
  const sql = {
    append: database.prepare(
      'INSERT INTO revocation (kind, target, at, expires_at) VALUES (?, ?, ?, ?)',
    ),
    epoch: database.prepare('SELECT id FROM epoch'),
    keepEpoch: database.prepare('INSERT INTO epoch (one, id) VALUES (1, ?) ON CONFLICT DO NOTHING'),
    // One statement sees one moment, also while another process empties the file.
    end: database.prepare(`
      SELECT epoch.id AS epoch, coalesce(max(position), 0) AS last,
        coalesce(max(position) - min(position) + 1, 0) AS length
      FROM epoch LEFT JOIN revocation ON true GROUP BY epoch.one`),
    from: database.prepare(`
      SELECT epoch.id AS epoch, revocation.* FROM epoch LEFT JOIN revocation ON position >= ?
      ORDER BY position LIMIT ?`),
  }

  return {
    append(kind: Revocation['kind'], target: string, at: number): void {
      sql.append.run(kind, target, at, Math.max(at, clock.latest()) + milliseconds(retention))
    },

    epoch(now: number): string {
      if (sql.keepEpoch.run(randomUUID()).changes === 1) {
        this.append('everything', '', birth(now))
      }
      return String(sql.epoch.get()?.id)
    },

    /** Undefined before the epoch is there. */
    end(): RevocationLog | undefined {
      const row = sql.end.get()
      return (
        row && { end: positionOf(String(row.epoch), Number(row.last)), length: Number(row.length) }
      )
    },

    /** Undefined before the epoch is there. */
    after(position: string, limit: number): RevocationPage | undefined {
      const { epoch, number } = readPosition(position)
      const from = Number(number)
      const rows = sql.from.all(from, limit + 2)
      const [first] = rows
      if (first === undefined) return undefined
      const found = rows.filter((row) => row.position !== null)
      if (position !== '' && first.epoch !== epoch) return { gone: true }
      if (from > 0 && found.shift()?.position !== from) return { gone: true }
      return {
        gone: false,
        complete: found.length <= limit,
        entries: found.slice(0, limit).map((row) => ({
          position: positionOf(String(row.epoch), Number(row.position)),
          kind: String(row.kind) as Revocation['kind'],
          target: String(row.target),
          at: Number(row.at),
        })),
      }
    },
  }
}
