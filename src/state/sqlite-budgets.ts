import type { DatabaseSync } from 'node:sqlite'
import type { Settlement, Spending } from './budget.ts'
import { type Approach, type Budget, figures, retryAfter } from './budget.ts'
import { milliseconds } from './lifetimes.ts'

/** Budgets and known origins in SQLite. Nothing here awaits: all of it belongs into a transaction. */
export function sqliteBudgets(database: DatabaseSync) {
  const sql = {
    // One that ends later than a window from now was spent before the clock was set back: nobody is
    // kept out for as long as a clock was wrong.
    budget: database.prepare(
      'SELECT spent, expires_at FROM budget WHERE key = ? AND expires_at > ? AND expires_at <= ?',
    ),
    // The end of a budget with delays moves with each try.
    spend: database.prepare(`
      INSERT INTO budget (key, spent, expires_at) VALUES (:key, 1, :expires)
      ON CONFLICT DO UPDATE SET
        spent = iif(expires_at > :now AND expires_at <= :expires, spent + 1, 1),
        expires_at = iif(expires_at > :now AND NOT :moves, min(expires_at, :expires), :expires)`),
    refund: database.prepare('UPDATE budget SET spent = spent - 1 WHERE key = ?'),
    forgetSpent: database.prepare('DELETE FROM budget WHERE key = ? AND spent <= 0'),
    restore: database.prepare('DELETE FROM budget WHERE key = ?'),
    isKnown: database.prepare(
      'SELECT 1 FROM origin WHERE account = ? AND name = ? AND expires_at > ?',
    ),
    know: database.prepare(`
      INSERT INTO origin (account, name, expires_at) VALUES (?, ?, ?)
      ON CONFLICT DO UPDATE SET expires_at = excluded.expires_at`),
    forgetOrigins: database.prepare(`
      DELETE FROM origin WHERE account = :account AND name NOT IN
        (SELECT name FROM origin WHERE account = :account ORDER BY expires_at DESC LIMIT :most)`),
  }

  /** Milliseconds; nothing or less, where there is one left. */
  const wait = (budget: Budget, now: number): number => {
    const [limit, window, first, longest, most] = figures(budget)
    const row = sql.budget.get(keyOf(budget), now, now + window)
    const spent = Number(row?.spent ?? 0)
    if (spent < limit) return 0
    const left = row ? Number(row.expires_at) - now : window
    if (spent >= most) return left
    return Math.min(longest, first * 2 ** (spent - limit)) - (window - left)
  }

  return {
    spend(budgets: readonly Budget[], from: Approach | undefined, now: number): Spending {
      const origin = from?.origins.find(({ name }) => sql.isKnown.get(from.account, name, now))
      const known = origin !== undefined
      const spent = known ? [origin.budget] : budgets
      for (const budget of spent) {
        const left = wait(budget, now)
        if (left > 0) return { allowed: false, known, retryAfter: retryAfter(left), budget }
      }
      for (const budget of spent) {
        const expires = now + milliseconds(budget.window)
        sql.spend.run({ key: keyOf(budget), now, expires, moves: budget.delays ? 1 : 0 })
      }
      return { allowed: true, known, spent }
    },

    settle({ refund, restore, acquaintance }: Settlement, now: number): void {
      for (const budget of refund) {
        sql.refund.run(keyOf(budget))
        sql.forgetSpent.run(keyOf(budget))
      }
      for (const budget of restore) sql.restore.run(keyOf(budget))
      if (acquaintance === undefined) return
      const { account, origins, ttl, most } = acquaintance
      for (const name of origins) sql.know.run(account, name, now + milliseconds(ttl))
      sql.forgetOrigins.run({ account, most })
    },
  }
}

const keyOf = ({ owner, name }: Budget): string => `${owner} ${name}`
