import { resolve } from 'node:path'
import { setImmediate as otherWork } from 'node:timers/promises'
import { startClock } from './clock.ts'
import { logRetentionByDefault, longestFamily, milliseconds } from './lifetimes.ts'
import { sqliteBudgets } from './sqlite-budgets.ts'
import { sqliteDatabase } from './sqlite-database.ts'
import { sqliteFamilies } from './sqlite-families.ts'
import { sqliteKeys } from './sqlite-keys.ts'
import { sqliteRevocations } from './sqlite-revocations.ts'
import { prepare } from './sqlite-statements.ts'
import { sqliteStatuses } from './sqlite-statuses.ts'
import { isOf, nameOf, type State, type StateLog, type StoredRecord } from './state.ts'

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
  const { database, answer, atomically } = sqliteDatabase(resolve(file))
  const sql = prepare(database)
  const clock = startClock(logRetention)
  const revocations = sqliteRevocations(database, logRetention, clock)
  const families = sqliteFamilies(sql, revocations)
  const statuses = sqliteStatuses(database, logRetention, clock)
  const keys = sqliteKeys(database)
  const spending = sqliteBudgets(database)
  const now = () => Date.now()

  const sweep = async () => {
    for (const removal of sql.sweeps) {
      while (
        (await answer(() => removal.run(clock.earliest(), sweepBatch).changes)) === sweepBatch
      ) {
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
    openFamily: (family) => atomically(() => families.open(family, now())),
    findFamily: (id) => answer(() => families.find(id, now())),
    rotate: (rotation) => atomically(() => families.rotate(rotation, now())),
    endFamily: (id) => atomically(() => families.end(id, now())),
    familiesOf: (sub, limit) => answer(() => families.of(sub, limit, now())),

    revokeToken: (jti, ttl) =>
      atomically(() => {
        if (ttl <= 0) return
        revocations.append('token', jti, now())
        sql.revoke.run(jti, clock.latest() + milliseconds(ttl))
      }),

    tokenStanding: (token) =>
      answer(() => {
        if (sql.revoked.get(token.jti, now()) !== undefined) return { live: false }
        if (token.family !== undefined) {
          const family = families.find(token.family, now())
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
        revocations.append(target.kind, nameOf(target), mark)
        sql.cutOff.run(target.kind, nameOf(target), mark, expires)
        // What a clock that was ahead made later than now is meant, too.
        if (at === undefined) families.endLater(target.kind, nameOf(target), mark, present)
      }),

    revocationLog: () => ofLog(revocations.end),
    revocationsAfter: (position, limit) => ofLog(() => revocations.after(position, limit)),
    allocateStatus: (bearer) => atomically(() => statuses.allocate(bearer, now())),
    statusesOf: (end) => answer(() => statuses.of(end, now())),

    keyRing: () => answer(keys.ring),
    replaceKeyRing: (expected, ring) => atomically(() => keys.replaceRing(expected, ring)),
    cutKey: (kid) => atomically(() => revocations.append('key', kid, now())),
    reportKeys: (report, ttl) => atomically(() => keys.report(report, ttl, now())),
    keyReports: (kids) => answer(() => keys.reports(kids, now())),

    save: (kind, id, record, ttl) =>
      answer(() => {
        sql.save.run(kind, id, JSON.stringify(record), now() + Math.ceil(ttl * 1000))
      }),
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
        const expires = clock.latest() + milliseconds(ttl)
        return sql.once.run({ id, now: at, expires }).changes === 1
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
