import type { State } from '../../src/state/state.ts'
import { until } from '../parts/until.ts'

/** `done`, or the name of the error. */
export const outcomeOf = (asked: Promise<unknown>) =>
  asked.then(
    () => 'done',
    (error: Error) => error.name,
  )

/** Resolves when the state is ready again. */
export const recovered = (state: State) =>
  until(
    () => outcomeOf(state.check()),
    (outcome) => outcome === 'done',
    15_000,
  )
