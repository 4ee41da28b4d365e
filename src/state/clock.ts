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
  const offset = () => Date.now() - performance.now()
  const here = (): Offsets => ({ least: offset(), most: offset() })
  let [before, lately] = [here(), here()]
  let since = performance.now()

  const look = (): Offsets => {
    const now = offset()
    if (performance.now() - since >= memory * 1000) {
      before = lately
      lately = { least: now, most: now }
      since = performance.now()
    }
    lately = { least: Math.min(lately.least, now), most: Math.max(lately.most, now) }
    return {
      least: Math.min(before.least, lately.least),
      most: Math.max(before.most, lately.most),
    }
  }

  return {
    earliest: () => Math.floor(performance.now() + look().least),
    latest: () => Math.floor(performance.now() + look().most),
  }
}
