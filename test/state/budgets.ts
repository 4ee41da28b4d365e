import { expect } from 'chai'
import type { Approach, Budget, Delays, Spending } from '../../src/state/budget.ts'
import type { State } from '../../src/state/state.ts'
import { until } from '../parts/until.ts'
import { fresh } from './login.ts'

/** Part of the conformance suite: what may be tried, how often, and from where. */
export function keepsBudgets(states: () => readonly State[]): void {
  let state: State
  before(() => {
    const [first] = states()
    if (first === undefined) throw new Error('no state is open')
    state = first
  })
  const budget = (limit: number, window = 60, delays?: Delays): Budget => ({
    owner: fresh('owner'),
    name: 'a name: with {all} sorts',
    limit,
    window,
    ...(delays && { delays }),
  })
  const refund = (budgets: readonly Budget[], by = state) =>
    by.settle({ refund: budgets, restore: [] })
  const allowed = ({ allowed: yes }: Spending) => yes
  const hundred = (work: (each: State) => Promise<Spending>) => {
    const all = states()
    return Promise.all(Array.from({ length: 100 }, (_, i) => work(all[i % all.length] ?? state)))
  }

  describe('budgets', () => {
    it('are spent up to their limit, by many at once', async () => {
      const seven = budget(7)
      const spendings = await hundred((each) => each.spend([seven]))
      expect(spendings.filter(allowed)).to.have.lengthOf(7)
      const refused = spendings.find((each) => !allowed(each))
      expect(refused).to.deep.include({ allowed: false, known: false, budget: seven })
      expect(refused).to.have.property('retryAfter').within(1, 60)
    })

    it('are spent together or not at all, of one owner or of several', async () => {
      const [ample, scarce, after] = [budget(3), budget(1), budget(1)]
      const sibling = { ...ample, name: 'sibling' }
      const all = [ample, sibling, scarce, after]
      const first = await state.spend(all)
      expect(first).to.include({ allowed: true, known: false })
      expect(first).to.have.property('spent').with.deep.members(all)
      for (const _ of [1, 2, 3]) {
        expect(await state.spend([ample, scarce])).to.deep.include({ budget: scarce })
      }
      expect(await state.spend([ample])).to.include({ allowed: true })
      expect(await state.spend([sibling, ample])).to.include({ allowed: true })
      expect(await state.spend([ample])).to.deep.include({ allowed: false, budget: ample })
      expect(await state.spend([])).to.deep.equal({ allowed: true, known: false, spent: [] })
    })

    it('are given back, and never more than was spent', async () => {
      const two = budget(2)
      await state.spend([two])
      await state.spend([two])
      await refund([two])
      expect(await state.spend([two])).to.include({ allowed: true })
      expect(await state.spend([two])).to.include({ allowed: false })
      for (const _ of [1, 2, 3, 4, 5]) await refund([two, budget(1)])
      expect(await state.spend([two])).to.include({ allowed: true })
      expect(await state.spend([two])).to.include({ allowed: true })
      expect(await state.spend([two])).to.include({ allowed: false })
    })

    it('are whole again when they are restored', async () => {
      const [two, other] = [budget(2), budget(1)]
      await state.spend([two, other])
      await state.spend([two])
      await state.settle({ refund: [other], restore: [two] })
      expect(await state.spend([two, other])).to.include({ allowed: true })
      expect(await state.spend([two])).to.include({ allowed: true })
      expect(await state.spend([two])).to.include({ allowed: false })
    })

    it('serve all who give back while they try', async () => {
      const four = budget(4)
      const turn = async (each: State) => {
        await until(() => each.spend([four]), allowed)
        await refund([four], each)
        return true
      }
      expect(await Promise.all(states().map(turn))).to.deep.equal(states().map(() => true))
      expect(await state.spend([four])).to.include({ allowed: true })
    })

    it('become whole after their window, counted from the first spending', async () => {
      const short = budget(1, 0.3)
      const long = { ...short, window: 60 }
      const start = performance.now()
      expect(await state.spend([short])).to.include({ allowed: true })
      // However slow the machine is: what is refused changes nothing, and the first that is not lasts.
      await until(() => state.spend([long]), allowed)
      expect(performance.now() - start).to.be.at.least(299)
      expect(await state.spend([long])).to.include({ allowed: false })
    })

    it('are spent to the end of their last millisecond', async () => {
      const outcomes = await Promise.all(
        Array.from({ length: 20 }, async () => {
          const short = budget(1, 0.02)
          const long = { ...short, window: 60 }
          await state.spend([short])
          let first = await state.spend([long])
          while (!first.allowed) first = await state.spend([long])
          return (await state.spend([long])).allowed
        }),
      )
      expect(outcomes).to.not.include(true)
    })

    it('without anything to spend are exhausted for a window', async () => {
      expect(await state.spend([budget(0, 30)])).to.include({ allowed: false, retryAfter: 30 })
    })

    it('with delays go on beyond their limit, ever more slowly', async () => {
      const slow = budget(2, 600, { first: 100, longest: 350, most: 50 })
      const exhausted = async (wait: number) => {
        const spending = await state.spend([slow])
        expect(spending).to.include({ allowed: false })
        expect(spending)
          .to.have.property('retryAfter')
          .within(wait - 10, wait)
      }
      const faster = { ...slow, delays: { first: 0.001, longest: 0.001, most: 50 } }
      for (const wait of [100, 200, 350, 350]) {
        await until(() => state.spend([faster]), allowed)
        if (wait === 100) await until(() => state.spend([faster]), allowed)
        await exhausted(wait)
      }
      await refund([slow])
      await exhausted(350)
      await state.settle({ refund: [], restore: [slow] })
      expect(await state.spend([slow])).to.include({ allowed: true })
    })

    it('with delays let one through when the time has come, of however many', async () => {
      const slow = budget(1, 60, { first: 0.05, longest: 0.05, most: 2 })
      await state.spend([slow])
      const through = await until(
        async () => (await hundred((each) => each.spend([slow]))).filter(allowed),
        ({ length }) => length > 0,
      )
      expect(through).to.have.lengthOf(1)
    })

    it('with delays end after so many, until nothing was spent for a window', async () => {
      const slow = budget(1, 0.4, { first: 0.01, longest: 0.01, most: 3 })
      for (const _ of [1, 2, 3]) await until(() => state.spend([slow]), allowed)
      const over = await state.spend([{ ...slow, window: 60 }])
      expect(over).to.include({ allowed: false, retryAfter: 1 })
      await until(() => state.spend([slow]), allowed)
    })
  })

  describe('known origins', () => {
    const approach = (names: readonly string[], account = fresh('account')): Approach => ({
      account,
      origins: names.map((name) => ({
        name,
        budget: { owner: account, name: `at ${name}`, limit: 1, window: 60 },
      })),
    })
    const know = (account: string, origins: readonly string[], ttl = 60, most = 9) =>
      state.settle({ refund: [], restore: [], acquaintance: { account, origins, ttl, most } })

    it('have a budget of their own, whatever else is exhausted', async () => {
      const from = approach(['home', 'phone'])
      const others = [{ ...budget(1), owner: from.account }, budget(1)]
      expect(await state.spend(others, from)).to.include({ allowed: true, known: false })
      expect(await state.spend(others, from)).to.deep.include({
        allowed: false,
        known: false,
        budget: others[0],
      })
      await know(from.account, ['phone'])
      const spent = from.origins.slice(1).map((origin) => origin.budget)
      expect(await state.spend(others, from)).to.deep.equal({ allowed: true, known: true, spent })
      expect(await state.spend(others, from)).to.deep.include({
        allowed: false,
        known: true,
        budget: spent[0],
      })
      await know(from.account, ['home'])
      expect(await state.spend(others, from), 'the first one known').to.include({ allowed: true })
      expect(await state.spend(others, approach(['home', 'phone']))).to.include({ known: false })
    })

    it('are forgotten in time, and the oldest where there are many', async () => {
      const account = fresh('account')
      const known = async (name: string) => {
        const { origins } = approach([name], account)
        return (await state.spend([], { account, origins })).known
      }
      await know(account, ['short'], 0.2)
      expect(await known('short')).to.equal(true)
      await until(
        () => known('short'),
        (still) => !still,
      )
      for (const [i, name] of ['a', 'b', 'c', 'd'].entries()) await know(account, [name], 60 + i, 3)
      expect(await Promise.all(['a', 'b', 'c', 'd'].map(known))).to.deep.equal([
        false,
        true,
        true,
        true,
      ])
    })
  })
}
