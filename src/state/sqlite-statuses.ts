import type { DatabaseSync } from 'node:sqlite'
import { milliseconds } from './lifetimes.ts'
import { endOfSecond, firstSerial } from './serials.ts'
import type { StatusBearer, StatusEnd, StatusSpan } from './state.ts'

/** The serials of tokens with a status in SQLite. Nothing here awaits: `allocate` belongs into a transaction. */
export function sqliteStatuses(database: DatabaseSync, retention: number) {
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
    client: database.prepare(`
      SELECT client, min(serial) AS first, max(serial) AS last FROM status
      WHERE client = ? AND at <= ? AND expires_at > ? GROUP BY client`),
  }

  const rowsOf = ({ kind, target, at }: StatusEnd, now: number) => {
    switch (kind) {
      case 'family':
        return sql.family.all(target, now)
      case 'user':
        return sql.user.all(target, at, now)
      case 'client':
        return sql.client.all(target, endOfSecond(at), now)
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
        expires: now + milliseconds(retention),
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
