import type { DatabaseSync } from 'node:sqlite'

/** Marks the file as ours ("ltch"), so that no other database is taken for one. */
const applicationId = 0x6c746368

/** One entry per version of the schema; only ever append. docs/state.md describes every table. */
const versions: readonly string[] = [
  `
  CREATE TABLE epoch (one INTEGER PRIMARY KEY CHECK (one = 1), id TEXT NOT NULL) STRICT;
  CREATE TABLE family (
    id TEXT PRIMARY KEY, client TEXT NOT NULL, sub TEXT NOT NULL,
    generation INTEGER NOT NULL, nonce TEXT NOT NULL,
    created_at INTEGER NOT NULL, last_used_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL, absolute_expires_at INTEGER NOT NULL,
    facts TEXT NOT NULL
  ) STRICT;
  CREATE TABLE cut_off (
    kind TEXT NOT NULL, target TEXT NOT NULL, at INTEGER NOT NULL, expires_at INTEGER NOT NULL,
    PRIMARY KEY (kind, target)
  ) STRICT;
  CREATE TABLE revoked (jti TEXT PRIMARY KEY, expires_at INTEGER NOT NULL) STRICT;
  CREATE TABLE record (
    kind TEXT NOT NULL, id TEXT NOT NULL, body TEXT NOT NULL, expires_at INTEGER NOT NULL,
    PRIMARY KEY (kind, id)
  ) STRICT;
  CREATE TABLE seen (id TEXT PRIMARY KEY, expires_at INTEGER NOT NULL) STRICT;
  CREATE TABLE budget (
    key TEXT PRIMARY KEY, spent INTEGER NOT NULL, expires_at INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX family_sub ON family (sub, created_at);
  CREATE INDEX family_expiry ON family (expires_at);
  CREATE INDEX cut_off_expiry ON cut_off (expires_at);
  CREATE INDEX revoked_expiry ON revoked (expires_at);
  CREATE INDEX record_expiry ON record (expires_at);
  CREATE INDEX seen_expiry ON seen (expires_at);
  CREATE INDEX budget_expiry ON budget (expires_at);
  `,
  // The first of the facts was the name of a directory, which nobody read.
  `
  CREATE TABLE revocation (
    position INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL, target TEXT NOT NULL,
    at INTEGER NOT NULL, expires_at INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX revocation_expiry ON revocation (expires_at);
  UPDATE family SET facts = json_remove(facts, '$[0]');
  `,
  `
  CREATE TABLE status (
    client TEXT NOT NULL, serial INTEGER NOT NULL, family TEXT, sub TEXT NOT NULL,
    since INTEGER NOT NULL, at INTEGER NOT NULL, expires_at INTEGER NOT NULL,
    PRIMARY KEY (client, serial)
  ) STRICT;
  CREATE INDEX status_family ON status (family);
  CREATE INDEX status_sub ON status (sub);
  CREATE INDEX status_expiry ON status (expires_at);
  `,
  `
  CREATE TABLE key_ring (
    one INTEGER PRIMARY KEY CHECK (one = 1), version INTEGER NOT NULL, text TEXT NOT NULL
  ) STRICT;
  CREATE TABLE key_instance (
    id TEXT PRIMARY KEY, ring TEXT NOT NULL, version INTEGER NOT NULL, expires_at INTEGER NOT NULL
  ) STRICT;
  CREATE TABLE key_signed (
    kid TEXT PRIMARY KEY, count INTEGER NOT NULL, expires_at INTEGER NOT NULL
  ) STRICT;
  `,
  `
  CREATE TABLE origin (
    account TEXT NOT NULL, name TEXT NOT NULL, expires_at INTEGER NOT NULL,
    PRIMARY KEY (account, name)
  ) STRICT;
  CREATE INDEX origin_expiry ON origin (expires_at);
  DELETE FROM record WHERE kind = 'known-network';
  `,
]

/** What is swept: rows whose `expires_at`, in milliseconds, is past. */
export const expiringTables = [
  'family',
  'cut_off',
  'revoked',
  'revocation',
  'status',
  'record',
  'seen',
  'budget',
  'origin',
  'key_instance',
  'key_signed',
] as const

/**
 * Makes the connection keep what it commits, and brings the file to the newest version; several
 * processes may do so at once.
 * @throws Error, for the operator, if the file is another program's or a later version's.
 */
export function openSchema(database: DatabaseSync): void {
  // Before anything is written, into what may be somebody else's file.
  const tables = Number(database.prepare('SELECT count(*) AS n FROM sqlite_schema').get()?.n)
  if (tables > 0 && pragma(database, 'application_id') !== applicationId) {
    throw new Error('it is a database of another program; name another file in state.url')
  }
  useWriteAheadLog(database)
  // WAL with NORMAL may lose the last commits with the power, and so revive a revoked token.
  database.exec('PRAGMA synchronous = FULL')
  database.exec('BEGIN IMMEDIATE')
  try {
    const version = pragma(database, 'user_version')
    if (version > versions.length) {
      throw new Error(
        'a later version of Latchkey wrote it; run that version, or name another file in state.url',
      )
    }
    for (const step of versions.slice(version)) database.exec(step)
    database.exec(`PRAGMA user_version = ${versions.length}`)
    database.exec(`PRAGMA application_id = ${applicationId}`)
    database.exec('COMMIT')
  } finally {
    if (database.isTransaction) database.exec('ROLLBACK')
  }
}

/** SQLite does not wait for the lock by itself here, when two processes make the file at once. */
function useWriteAheadLog(database: DatabaseSync): void {
  for (let patience = 100; ; patience--) {
    try {
      database.exec('PRAGMA journal_mode = WAL')
      return
    } catch (error) {
      const busy = error instanceof Error && error.message.includes('locked')
      if (!busy || patience === 0) throw error
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 20)
    }
  }
}

function pragma(database: DatabaseSync, name: string): number {
  return Number(database.prepare(`PRAGMA ${name}`).get()?.[name])
}
