import { fork } from 'node:child_process'
import { once } from 'node:events'
import { expect } from 'chai'
import { openState, type StateOptions } from '../../src/state/index.ts'
import type { Store } from './conformance.ts'
import { fresh, login } from './login.ts'
import type { Race, Result } from './racer.ts'

const processes = 2

/** The races of the conformance suite once more, between processes that share nothing else. */
export function racesBetweenProcesses(start: () => Promise<Store>): void {
  describe('between processes', () => {
    let store: Store

    before(async () => {
      store = await start()
    })

    after(() => store.close())

    it('a store may be made by all at once', async () => {
      const results = await race(store.options, [], [])
      expect(new Set(results.map(({ epoch }) => epoch)).size).to.equal(1)
    })

    it('one rotation, one first caller and one limit are won', async () => {
      const state = await openState(store.options)
      const families = Array.from({ length: 20 }, () => login())
      for (const family of families) await state.openFamily(family)
      const ids = families.map(() => fresh('assertion'))
      const results = await race(
        store.options,
        families.map(({ id }) => id),
        ids,
      )
      const once = families.map(() => 1)
      expect(sums(results.map(({ rotated }) => rotated))).to.deep.equal(once)
      expect(sums(results.map(({ first }) => first))).to.deep.equal(once)
      expect(results.reduce((sum, { spent }) => sum + spent, 0)).to.equal(120)
      for (const { id } of families) {
        expect(await state.findFamily(id)).to.include({ generation: 2 })
      }
      await state.close()
    })
  })
}

async function race(
  options: StateOptions,
  families: readonly string[],
  ids: readonly string[],
): Promise<Result[]> {
  const children = Array.from({ length: processes }, () =>
    fork(new URL('racer.ts', import.meta.url), { serialization: 'advanced' }),
  )
  await Promise.all(children.map((child) => once(child, 'message')))
  const budget = { owner: fresh('owner'), name: 'budget', limit: 120, window: 60 }
  const begin: Race = { options, families, ids, budget, attempts: 8 }
  return Promise.all(
    children.map(async (child) => {
      const answer = Promise.race([once(child, 'message'), once(child, 'exit')])
      child.send(begin)
      const [result] = await answer
      if (typeof result !== 'object') throw new Error(`a racer ended with ${result}`)
      return result
    }),
  )
}

const sums = (rows: readonly (readonly number[])[]) =>
  (rows[0] ?? []).map((_, column) => rows.reduce((sum, row) => sum + (row[column] ?? 0), 0))
