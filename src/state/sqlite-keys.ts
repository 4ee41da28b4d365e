import type { DatabaseSync } from 'node:sqlite'
import {
  countRetention,
  type KeyReport,
  type KeyReports,
  type KeyRingRecord,
} from './key-records.ts'
import { milliseconds } from './lifetimes.ts'

/** What servers know of their keys, in SQLite. Nothing here awaits: what writes belongs into a transaction. */
export function sqliteKeys(database: DatabaseSync) {
  const sql = {
    ring: database.prepare('SELECT version, text FROM key_ring'),
    makeRing: database.prepare(
      'INSERT INTO key_ring (one, version, text) VALUES (1, ?, ?) ON CONFLICT DO NOTHING',
    ),
    replaceRing: database.prepare('UPDATE key_ring SET version = ?, text = ? WHERE version = ?'),
    report: database.prepare(`
      INSERT INTO key_instance (id, ring, version, expires_at) VALUES (?, ?, ?, ?)
      ON CONFLICT DO UPDATE SET ring = excluded.ring, version = excluded.version,
        expires_at = excluded.expires_at`),
    leave: database.prepare('DELETE FROM key_instance WHERE id = ?'),
    instances: database.prepare('SELECT * FROM key_instance WHERE expires_at > ?'),
    count: database.prepare(`
      INSERT INTO key_signed (kid, count, expires_at) VALUES (?, ?, ?)
      ON CONFLICT DO UPDATE SET count = count + excluded.count, expires_at = excluded.expires_at`),
    signed: database.prepare('SELECT count FROM key_signed WHERE kid = ? AND expires_at > ?'),
  }

  return {
    ring(): KeyRingRecord | undefined {
      const row = sql.ring.get()
      return row && { version: Number(row.version), text: String(row.text) }
    },

    replaceRing(expected: number, { version, text }: KeyRingRecord): boolean {
      const { changes } =
        expected === 0
          ? sql.makeRing.run(version, text)
          : sql.replaceRing.run(version, text, expected)
      return changes === 1
    },

    report({ instance, ring, version, signed }: KeyReport, ttl: number, now: number): void {
      if (ttl > 0) sql.report.run(instance, ring, version, now + milliseconds(ttl))
      else sql.leave.run(instance)
      for (const [kid, count] of Object.entries(signed)) {
        sql.count.run(kid, count, now + milliseconds(countRetention))
      }
    },

    reports(kids: readonly string[], now: number): KeyReports {
      const instances = sql.instances.all(now).map((row) => ({
        instance: String(row.id),
        ring: String(row.ring),
        version: Number(row.version),
      }))
      const signed = kids.map((kid) => [kid, Number(sql.signed.get(kid, now)?.count ?? 0)])
      return { now, instances, signed: Object.fromEntries(signed) }
    },
  }
}
