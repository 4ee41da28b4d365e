import { openState, type StateOptions } from '../../src/state/index.ts'
import {
  type Rotation,
  type RotationOutcome,
  type State,
  StateUnavailable,
} from '../../src/state/state.ts'
import { rotation } from './login.ts'

/** One round of scripts/races.ts for this process: every family is presented the same generation. */
export interface Round {
  readonly presented: number
}
export interface Contest {
  readonly options: StateOptions
  readonly families: readonly string[]
}
/** What came of each family, in order: `rotated 2`, `retried 2`, `reused` … */
export type Outcomes = readonly string[]

/** Rotations on the way at once. */
const abreast = 64

/** A store that was too busy to say what became of a rotation is asked for the same one again: that is no outcome of a race. */
async function answered(state: State, sent: Rotation): Promise<RotationOutcome> {
  for (;;) {
    const outcome = await state.rotate(sent).catch((error: Error) => error)
    if (!(outcome instanceof Error)) return outcome
    if (!(outcome instanceof StateUnavailable)) throw outcome
  }
}

process.once('message', async ({ options, families }: Contest) => {
  const state = await openState(options)
  // Each process in an order of its own, so that neither follows the other.
  const order = families.map((_, index) => index).sort(() => Math.random() - 0.5)
  process.on('message', async (message: Round | 'end') => {
    if (message === 'end') {
      await state.close()
      process.disconnect()
      return
    }
    const outcomes: string[] = []
    const waiting = [...order]
    const run = async () => {
      for (let index = waiting.pop(); index !== undefined; index = waiting.pop()) {
        const family = families[index] ?? ''
        const result = await answered(state, rotation(family, message.presented, { grace: 60 }))
        outcomes[index] =
          'generation' in result ? `${result.outcome} ${result.generation}` : result.outcome
      }
    }
    await Promise.all(Array.from({ length: abreast }, run))
    process.send?.(outcomes)
  })
  process.send?.('ready')
})
