import { isAcknowledged, type ServedRing } from './lifecycle.ts'
import type { Ring } from './ring.ts'

/** For how long all servers are known to agree on the state of each key, by a clock that nobody sets. */
export interface Acknowledgements {
  /** What servers serve, at this moment. */
  note(ring: Ring, instances: readonly ServedRing[]): void
  /** Milliseconds; undefined while one of them does not know the key in its state. */
  readonly settled: (kid: string) => number | undefined
}

/** @param elapsed milliseconds since any one moment */
export function acknowledgements(elapsed: () => number): Acknowledgements {
  let known: ReadonlyMap<string, { readonly stateIn: number; readonly since: number }> = new Map()
  return {
    note(ring, instances) {
      const now = elapsed()
      const agreed = ring.keys.filter((key) => isAcknowledged(ring, key, instances))
      known = new Map(
        agreed.map(({ kid, stateIn }) => {
          const before = known.get(kid)
          return [kid, before?.stateIn === stateIn ? before : { stateIn, since: now }]
        }),
      )
    },
    settled(kid) {
      const since = known.get(kid)?.since
      return since === undefined ? undefined : elapsed() - since
    },
  }
}
