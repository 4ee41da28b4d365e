import { closeSync, mkdirSync, openSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setImmediate as otherWork, setTimeout as pause } from 'node:timers/promises'
import { packFacts } from './facts.ts'
import {
  familyLifetimes,
  listedFamilies,
  logRetentionByDefault,
  longestFamily,
  milliseconds,
} from './lifetimes.ts'
import { sqliteBudgets } from './sqlite-budgets.ts'
import { sqliteKeys } from './sqlite-keys.ts'
import { sqliteRevocations } from './sqlite-revocations.ts'
import { openSchema } from './sqlite-schema.ts'
import { prepare, readFamily } from './sqlite-statements.ts'
import { sqliteStatuses } from './sqlite-statuses.ts'
import {
  type Family,
  isOf,
  nameOf,
  type Rotation,
  type RotationOutcome,
  type State,
  type StateLog,
  StateUnavailable,
  type StoredRecord,
} from './state.ts'

/** Milliseconds to wait for a writer in another process. */
const patience = 2000
/** Rows removed at once: few enough that a request behind them hardly notices. */
const sweepBatch = 500

/**
 * Opens the state in a SQLite file, made on first use; several processes may share it. Expired rows
 * are dead at once and removed every `sweepInterval` milliseconds.
 * @throws Error, for the operator, when the file cannot be opened or is not ours.
 */
export async function openSqlite(
  file: string,
  log: StateLog,
  { sweepInterval = 30_000, logRetention = logRetentionByDefault } = {},
): Promise<State> {
  const database = openDatabase(resolve(file))
  const sql = prepare(database)
  const revocations = sqliteRevocations(database, logRetention)
  const statuses = sqliteStatuses(database, logRetention)
  const keys = sqliteKeys(database)
  const spending = sqliteBudgets(database)
  const now = () => Date.now()
  const until = (ttl: number) => now() + Math.ceil(ttl * 1000)

  /** A read, or a write of one statement. Waits its turn without holding up other requests. */
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

  /** Never awaits inside: a transaction belongs to the connection, which all requests share. */
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

  const findFamily = (id: string): Family | undefined => {
    const row = sql.family.get(id, now())
    return row && readFamily(row)
  }

  const endFamily = (id: string) => {
    if (sql.endFamily.run(id).changes === 1) revocations.append('family', id, now(), now())
  }

  const rotate = ({ family: id, presented, grace, idle, nonce }: Rotation): RotationOutcome => {
    const at = now()
    const row = sql.family.get(id, at)
    if (row === undefined) return { outcome: 'gone' }
    const family = readFamily(row)
    if (presented === family.generation) {
      const next = sql.rotate.get(nonce, at, at + milliseconds(idle), id)
      if (next === undefined) return { outcome: 'gone' }
      return { outcome: 'rotated', generation: presented + 1, family: readFamily(next) }
    }
    // Generation 0 was never handed out, so the first generation has no parent.
    if (presented === family.generation - 1 && presented > 0) {
      const { generation } = family
      if (nonce === row.nonce) return { outcome: 'rotated', generation, family }
      // The current generation is unused, or it would not be current.
      if (at - family.lastUsedAt < grace * 1000) return { outcome: 'retried', generation, family }
    }
    // RFC 9700 section 4.14.2: one of the two who present it stole it. A generation from the future
    // is a store that lost writes, and which holder is the thief cannot be told then either.
    endFamily(id)
    return { outcome: 'reused' }
  }

  const sweep = async () => {
    for (const removal of sql.sweeps) {
      while ((await answer(() => removal.run(now(), sweepBatch).changes)) === sweepBatch) {
        await otherWork()
        if (!database.isOpen) return
      }
    }
  }
  const timer = setInterval(() => {
    sweep().catch((error: Error) => log('warn', `sweeping the state failed: ${error.message}`))
  }, sweepInterval).unref()

  const epoch = () => atomically(() => revocations.epoch(now()))

  /** What the log says; it has no name before the store has its epoch. */
  const ofLog = async <T>(ask: () => T | undefined): Promise<T> => {
    for (;;) {
      const said = await answer(ask)
      if (said !== undefined) return said
      await epoch()
    }
  }

  return {
    epoch,

    // In a transaction, though it is one statement: `get` on a RETURNING stops at the first row, and
    // a commit that fails after that is reported to nobody.
    openFamily: (family) =>
      atomically(() => {
        const at = now()
        const { idle, absolute } = familyLifetimes(family)
        const row = sql.openFamily.get({
          id: family.id,
          client: family.clientId,
          sub: family.sub,
          now: at,
          expires: at + idle,
          absolute: at + absolute,
          facts: packFacts(family),
        })
        if (row === undefined) throw new Error('a family with this id exists already')
        return readFamily(row)
      }),

    findFamily: (id) => answer(() => findFamily(id)),
    rotate: (rotation) => atomically(() => rotate(rotation)),
    endFamily: (id) => atomically(() => endFamily(id)),
    familiesOf: (sub, limit) =>
      answer(() => sql.familiesOf.all(sub, now(), Math.min(limit, listedFamilies)).map(readFamily)),

    revokeToken: (jti, ttl) =>
      atomically(() => {
        if (ttl <= 0) return
        revocations.append('token', jti, now(), now())
        sql.revoke.run(jti, until(ttl))
      }),

    tokenStanding: (token) =>
      answer(() => {
        if (sql.revoked.get(token.jti, now()) !== undefined) return { live: false }
        if (token.family !== undefined) {
          const family = findFamily(token.family)
          return family !== undefined && isOf(token, family)
            ? { live: true, family }
            : { live: false }
        }
        const cut = sql.latestCutOff.get({ client: token.clientId, sub: token.sub })
        return { live: token.issuedAt * 1000 > Number(cut?.at) }
      }),

    cutOff: (target, at) =>
      atomically(() => {
        const present = now()
        const mark = Math.ceil(at ?? present)
        const expires = Math.max(mark, present) + milliseconds(longestFamily)
        revocations.append(target.kind, nameOf(target), mark, present)
        sql.cutOff.run(target.kind, nameOf(target), mark, expires)
      }),

    revocationLog: () => ofLog(revocations.end),
    revocationsAfter: (position, limit) => ofLog(() => revocations.after(position, limit)),
    allocateStatus: (bearer) => atomically(() => statuses.allocate(bearer, now())),
    statusesOf: (end) => answer(() => statuses.of(end, now())),

    keyRing: () => answer(keys.ring),
    replaceKeyRing: (expected, ring) => atomically(() => keys.replaceRing(expected, ring)),
    cutKey: (kid) => atomically(() => revocations.append('key', kid, now(), now())),
    reportKeys: (report, ttl) => atomically(() => keys.report(report, ttl, now())),
    keyReports: (kids) => answer(() => keys.reports(kids, now())),

    save: (kind, id, record, ttl) =>
      answer(() => void sql.save.run(kind, id, JSON.stringify(record), until(ttl))),
    find: (kind, id) =>
      answer(() => {
        const row = sql.find.get(kind, id, now())
        if (row === undefined) return undefined
        const record: StoredRecord = JSON.parse(String(row.body))
        return record
      }),
    remove: (kind, id) => answer(() => void sql.remove.run(kind, id)),
    once: (id, ttl) =>
      answer(() => {
        const at = now()
        return sql.once.run({ id, now: at, expires: at + milliseconds(ttl) }).changes === 1
      }),

    spend: (budgets, from) => atomically(() => spending.spend(budgets, from, now())),
    settle: (settlement) => atomically(() => spending.settle(settlement, now())),

    check: () => answer(() => void database.exec('BEGIN IMMEDIATE; ROLLBACK')),
    async close() {
      clearInterval(timer)
      if (database.isOpen) database.close()
    },
  }
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
