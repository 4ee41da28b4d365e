import type { State } from '../state/state.ts'

/** How often the store is asked whether its contents are still the same, in milliseconds. */
const interval = 5000

export interface Epoch {
  /** As last seen: what tokens without a family carry in their jti. */
  readonly current: () => string
  /** As the store says now. */
  readonly refresh: () => Promise<string>
  readonly close: () => void
}

/**
 * Follows State.epoch. A store that is not there yet gives an epoch that no token has; tokens that
 * are issued over an epoch already gone are dead, which errs on the safe side.
 */
export async function trackEpoch(state: State): Promise<Epoch> {
  let seen = ''
  const refresh = async () => {
    seen = await state.epoch()
    return seen
  }
  await refresh().catch(() => undefined)
  const timer = setInterval(() => refresh().catch(() => undefined), interval)
  timer.unref()
  return { current: () => seen, refresh, close: () => clearInterval(timer) }
}
