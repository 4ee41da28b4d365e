import { closeSync, mkdirSync, openSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout as pause } from 'node:timers/promises'
import { openSchema } from './sqlite-schema.ts'
import { StateUnavailable } from './state.ts'

/** Milliseconds to wait for a writer in another process. */
const patience = 2000

export interface SqliteDatabase {
  readonly database: DatabaseSync
  /** A read, or a write of one statement. Waits its turn without holding up other requests. */
  answer<T>(ask: () => T): Promise<T>
  /** Several as one; `change` never awaits: a transaction belongs to the connection, which all requests share. */
  atomically<T>(change: () => T): Promise<T>
}

/**
 * The file of the state, made on first use.
 * @throws Error, for the operator, when it cannot be opened or is not ours
 */
export function sqliteDatabase(path: string): SqliteDatabase {
  const database = openDatabase(path)

  const answer = async <T>(ask: () => T): Promise<T> => {
    const deadline = performance.now() + patience
    for (;;) {
      try {
        return ask()
      } catch (error) {
        if (!isBusy(error) || performance.now() > deadline) throw unavailable(error)
      }
      await pause(1 + 4 * Math.random())
    }
  }

  const atomically = <T>(change: () => T): Promise<T> =>
    answer(() => {
      database.exec('BEGIN IMMEDIATE')
      try {
        const result = change()
        if (database.isTransaction) database.exec('COMMIT')
        return result
      } finally {
        // After a COMMIT that failed, as on a full disk, too.
        if (database.isTransaction) database.exec('ROLLBACK')
      }
    })

  return { database, answer, atomically }
}

/** Mode 0600: the file names users, their addresses and their devices. */
function openDatabase(path: string): DatabaseSync {
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
    closeSync(openSync(path, 'a', 0o600))
    const database = new DatabaseSync(path, { timeout: patience })
    openSchema(database)
    // SQLite's own waiting stops the whole process, and looks so seldom that a busy neighbour wins.
    database.exec('PRAGMA busy_timeout = 0')
    return database
  } catch (error) {
    const reason = error instanceof Error ? error.message : 'unknown'
    throw new Error(`the state file ${path} cannot be used: ${reason}`)
  }
}

function isBusy(error: unknown): boolean {
  const code = error instanceof Error && 'errcode' in error ? Number(error.errcode) : 0
  // The low byte of an extended code is the code: SQLITE_BUSY.
  return (code & 0xff) === 5
}

/** Busy, full, read-only or broken: whatever SQLite reports, nobody can say what is on the disk. */
function unavailable(error: unknown): unknown {
  if (!(error instanceof Error) || !('code' in error)) return error
  if (error.code !== 'ERR_SQLITE_ERROR' && error.code !== 'ERR_INVALID_STATE') return error
  return new StateUnavailable(`SQLite: ${error.message}`)
}
