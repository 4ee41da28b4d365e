/**
 * A clock that is set, and set right again, must not cost a revocation: the life of what ends something counts from
 * the latest time that it may be, and is over when it is at the earliest. Milliseconds since the epoch.
 */
export interface Clock {
  earliest(): number
  latest(): number
}

/** Milliseconds by which the wall's clock was ahead of the one that nobody sets: the least and the most. */
interface Offsets {
  readonly least: number
  readonly most: number
}

/**
 * What a clock said within the last `memory` seconds, it may be right about: longer than tokens live, or a
 * token's end would be taken for past. What it has not said since was wrong.
 */
export function startClock(memory: number): Clock {
  let before = offsets()
  let lately = before
  let since = performance.now()

  const look = (): Offsets => {
    if (performance.now() - since >= memory * 1000) {
      before = lately
      lately = offsets()
      since = performance.now()
    }
    lately = both(lately, offsets())
    return both(before, lately)
  }

  return {
    earliest: () => Math.floor(performance.now() + look().least),
    latest: () => Math.floor(performance.now() + look().most),
  }
}

function offsets(): Offsets {
  const now = Date.now() - performance.now()
  return { least: now, most: now }
}

const both = (one: Offsets, other: Offsets): Offsets => ({
  least: Math.min(one.least, other.least),
  most: Math.max(one.most, other.most),
})
