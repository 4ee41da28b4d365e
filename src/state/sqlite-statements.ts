import type { DatabaseSync, SQLOutputValue } from 'node:sqlite'
import { unpackFacts } from './facts.ts'
import { expiringTables } from './sqlite-schema.ts'
import type { Family } from './state.ts'

/** True for a family that was opened after every cut-off that concerns it. */
const survived = `created_at > max(
  coalesce((SELECT at FROM cut_off WHERE kind = 'everything' AND target = ''), 0),
  coalesce((SELECT at FROM cut_off WHERE kind = 'client' AND target = family.client), 0),
  coalesce((SELECT at FROM cut_off WHERE kind = 'user' AND target = family.sub), 0))`

/** Every statement of the state. Times are milliseconds since the epoch. */
export function prepare(database: DatabaseSync) {
  const sql = (text: string) => database.prepare(text)
  return {
    openFamily: sql(`
      INSERT INTO family (id, client, sub, generation, nonce, created_at, last_used_at,
        expires_at, absolute_expires_at, facts)
      VALUES (:id, :client, :sub, 1, '', :now, :now, min(:expires, :absolute), :absolute, :facts)
      ON CONFLICT DO NOTHING
      RETURNING *`),
    family: sql(`SELECT * FROM family WHERE id = ? AND expires_at > ? AND ${survived}`),
    rotate: sql(`
      UPDATE family SET generation = generation + 1, nonce = ?, last_used_at = ?,
        expires_at = min(?, absolute_expires_at)
      WHERE id = ? RETURNING *`),
    endFamily: sql('DELETE FROM family WHERE id = ?'),
    familiesOf: sql(`
      SELECT * FROM family WHERE sub = ? AND expires_at > ? AND ${survived}
      ORDER BY created_at DESC LIMIT ?`),

    // All but the first walk over an index of the whole: who cuts a client off does it once.
    openedAfter: {
      user: sql('SELECT id FROM family WHERE sub = :target AND created_at > :at'),
      client: sql(`
        SELECT id FROM family WHERE client = :target AND rowid IN
          (SELECT rowid FROM family INDEXED BY family_sub WHERE created_at > :at)`),
      everything: sql(`
        SELECT id FROM family WHERE :target = '' AND rowid IN
          (SELECT rowid FROM family INDEXED BY family_sub WHERE created_at > :at)`),
    },

    revoke: sql(`
      INSERT INTO revoked (jti, expires_at) VALUES (?, ?)
      ON CONFLICT DO UPDATE SET expires_at = max(expires_at, excluded.expires_at)`),
    revoked: sql('SELECT 1 FROM revoked WHERE jti = ? AND expires_at > ?'),
    // A mark only ever moves forward: an earlier cut-off says nothing that the later one does not.
    cutOff: sql(`
      INSERT INTO cut_off (kind, target, at, expires_at) VALUES (?, ?, ?, ?)
      ON CONFLICT DO UPDATE SET at = max(at, excluded.at),
        expires_at = max(expires_at, excluded.expires_at)`),
    latestCutOff: sql(`
      SELECT coalesce(max(at), 0) AS at FROM cut_off
      WHERE (kind = 'everything' AND target = '') OR (kind = 'client' AND target = :client)
        OR (kind = 'user' AND target = :sub)`),

    save: sql(`
      INSERT INTO record (kind, id, body, expires_at) VALUES (?, ?, ?, ?)
      ON CONFLICT DO UPDATE SET body = excluded.body, expires_at = excluded.expires_at`),
    find: sql('SELECT body FROM record WHERE kind = ? AND id = ? AND expires_at > ?'),
    remove: sql('DELETE FROM record WHERE kind = ? AND id = ?'),
    once: sql(`
      INSERT INTO seen (id, expires_at) VALUES (:id, :expires)
      ON CONFLICT DO UPDATE SET expires_at = excluded.expires_at WHERE seen.expires_at <= :now`),

    sweeps: expiringTables.map((table) =>
      sql(`DELETE FROM ${table} WHERE rowid IN
        (SELECT rowid FROM ${table} WHERE expires_at <= ? LIMIT ?)`),
    ),
  }
}

export function readFamily(row: Record<string, SQLOutputValue>): Family {
  const owner = { id: String(row.id), clientId: String(row.client), sub: String(row.sub) }
  return {
    ...unpackFacts(owner, String(row.facts)),
    generation: Number(row.generation),
    createdAt: Number(row.created_at),
    lastUsedAt: Number(row.last_used_at),
    idleExpiresAt: Number(row.expires_at),
    expiresAt: Number(row.absolute_expires_at),
  }
}
