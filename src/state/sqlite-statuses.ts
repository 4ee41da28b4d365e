import type { DatabaseSync } from 'node:sqlite'
import type { Clock } from './clock.ts'
import { milliseconds } from './lifetimes.ts'
import { endOfSecond, firstSerial } from './serials.ts'
import type { StatusBearer, StatusEnd, StatusSpan } from './state.ts'

/** The serials of tokens with a status in SQLite. Nothing here awaits: `allocate` belongs into a transaction. */
export function sqliteStatuses(database: DatabaseSync, retention: number, clock: Clock) {
  const sql = {
    allocate: database.prepare(`
      INSERT INTO status (client, serial, family, sub, since, at, expires_at)
      VALUES (:client, coalesce((SELECT max(serial) + 1 FROM status WHERE client = :client), :first),
        :family, :sub, :since, :now, :expires)
      RETURNING serial`),
    family: database.prepare(
      'SELECT client, serial AS first, serial AS last FROM status WHERE family = ? AND expires_at > ?',
    ),
    user: database.prepare(`
      SELECT client, serial AS first, serial AS last FROM status
      WHERE sub = ? AND since <= ? AND expires_at > ?`),
    // Along the key from either end: min and max would look at every row.
    client: database.prepare(`
      WITH own AS (SELECT * FROM status WHERE client = :client)
      SELECT :client AS client,
        (SELECT serial FROM own WHERE expires_at > :now ORDER BY serial LIMIT 1) AS first,
        (SELECT serial FROM own WHERE expires_at > :now AND at <= :at ORDER BY serial DESC LIMIT 1) AS last
      WHERE last IS NOT NULL`),
  }

  const rowsOf = ({ kind, target, at }: StatusEnd, now: number) => {
    switch (kind) {
      case 'family':
        return sql.family.all(target, now)
      case 'user':
        return sql.user.all(target, at, now)
      case 'client':
        return sql.client.all({ client: target, at: endOfSecond(at), now })
    }
  }

  return {
    allocate({ clientId, sub, family }: StatusBearer, now: number): number {
      const row = sql.allocate.get({
        client: clientId,
        first: firstSerial(now),
        family: family?.id ?? null,
        sub,
        since: family?.createdAt ?? now,
        now,
        expires: clock.latest() + milliseconds(retention),
      })
      return Number(row?.serial)
    },

    of: (end: StatusEnd, now: number): StatusSpan[] =>
      rowsOf(end, now).map((row) => ({
        clientId: String(row.client),
        first: Number(row.first),
        last: Number(row.last),
      })),
  }
}
