import type { Budget } from '../../src/state/budget.ts'
import { openState, type StateOptions } from '../../src/state/index.ts'
import type { State } from '../../src/state/state.ts'
import { rotation } from './login.ts'

/** What a process of its own does against the shared store: the other side of races.ts. */
export interface Race {
  readonly options: StateOptions
  readonly families: readonly string[]
  readonly ids: readonly string[]
  readonly budget: Budget
  readonly attempts: number
}

export interface Result {
  /** How often this process rotated each family from its first generation. */
  readonly rotated: number[]
  readonly first: number[]
  readonly spent: number
  readonly epoch: string
}

const count = async (attempts: number, won: () => Promise<boolean>) => {
  const results = await Promise.all(Array.from({ length: attempts }, won))
  return results.filter((each) => each).length
}

async function run(state: State, { families, ids, budget, attempts }: Race): Promise<Result> {
  const rotated = []
  for (const family of families) {
    const rotate = () => state.rotate(rotation(family, 1, { grace: 10 }))
    rotated.push(await count(attempts, async () => (await rotate()).outcome === 'rotated'))
  }
  const first = []
  for (const id of ids) first.push(await count(attempts, () => state.once(id, 60)))
  const spent = await count(attempts * 12, async () => (await state.spend([budget])).allowed)
  return { rotated, first, spent, epoch: await state.epoch() }
}

process.send?.('ready')
process.once('message', async (race: Race) => {
  const state = await openState(race.options)
  const result = await run(state, race)
  await state.close()
  process.send?.(result, () => process.disconnect())
})
