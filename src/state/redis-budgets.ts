import type { Acquaintance, Settlement, Spending } from './budget.ts'
import { type Approach, type Budget, byOwner, figures, retryAfter } from './budget.ts'
import { milliseconds } from './lifetimes.ts'
import type { RedisConnection } from './redis-connection.ts'
import { scripts } from './redis-script.ts'

/** Budgets and known origins in Redis. What one owner has is in one slot of a Cluster. */
export function redisBudgets(redis: RedisConnection, prefix: string) {
  const tag = (owner: string) => `{${encodeURIComponent(owner)}}`
  const budgetKey = ({ owner, name }: Budget) =>
    `${prefix}:budget:${tag(owner)}:${encodeURIComponent(name)}`
  const originsKey = (account: string) => `${prefix}:origins:${tag(account)}`

  const step = async (budgets: readonly Budget[], from?: Approach): Promise<Spending> => {
    const origins = from?.origins ?? []
    const all = [...origins.map(({ budget }) => budget), ...budgets]
    const reply = await redis.run(
      scripts.spend,
      [...(from && origins.length > 0 ? [originsKey(from.account)] : []), ...all.map(budgetKey)],
      origins.length,
      ...origins.map(({ name }) => name),
      ...all.flatMap(figures),
    )
    const [known = 0, position = 0, wait = 0] = Array.isArray(reply) ? reply.map(Number) : []
    const refused = all[position - 1]
    if (refused !== undefined) {
      return { allowed: false, known: known > 0, retryAfter: retryAfter(wait), budget: refused }
    }
    return {
      allowed: true,
      known: known > 0,
      spent: known > 0 ? all.slice(known - 1, known) : budgets,
    }
  }

  const settleOne = async (
    refund: readonly Budget[],
    restore: readonly Budget[],
    origins?: Acquaintance,
  ) => {
    await redis.run(
      scripts.settle,
      [
        ...[...refund, ...restore].map(budgetKey),
        ...(origins ? [originsKey(origins.account)] : []),
      ],
      refund.length,
      restore.length,
      ...(origins ? [milliseconds(origins.ttl), origins.most, ...origins.origins] : []),
    )
  }

  const refundAll = async (budgets: readonly Budget[]) => {
    await Promise.all(byOwner(budgets).map((each) => settleOne(each, [])))
  }

  return {
    async spend(budgets: readonly Budget[], from?: Approach): Promise<Spending> {
      if (!redis.sharded) return step(budgets, from)
      // On a Cluster each owner is a step of its own, the account first, and a refusal gives back the
      // other steps: for that moment a budget may look one fuller than it is, never emptier.
      const own = budgets.filter(({ owner }) => owner === from?.account)
      const first = await step(own, from)
      if (!first.allowed || first.known) return first
      const others = byOwner(budgets.filter((each) => !own.includes(each)))
      const steps = [first, ...(await Promise.all(others.map((each) => step(each))))]
      const refused = steps.find(({ allowed }) => !allowed)
      const spent = steps.flatMap((each) => (each.allowed ? each.spent : []))
      if (refused === undefined) return { allowed: true, known: false, spent }
      await refundAll(spent)
      return refused
    },

    async settle({ refund, restore, acquaintance }: Settlement): Promise<void> {
      if (!redis.sharded) return settleOne(refund, restore, acquaintance)
      await Promise.all([
        refundAll(refund),
        ...byOwner(restore).map((each) => settleOne([], each)),
        ...(acquaintance ? [settleOne([], [], acquaintance)] : []),
      ])
    },
  }
}
