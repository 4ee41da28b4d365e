/** One look at a process. */
export interface Sample {
  /** Seconds since the beginning. */
  readonly at: number
  readonly value: number
}

/**
 * How much a measure rose over the samples by a line through them: the median of the slopes between
 * all pairs (Theil and Sen), which no single peak can bend, times the time.
 */
export function rise(samples: readonly Sample[]): number {
  const slopes = samples.flatMap(({ at, value }, index) =>
    samples.slice(index + 1).map((later) => (later.value - value) / (later.at - at)),
  )
  const [first, last] = [samples.at(0), samples.at(-1)]
  if (first === undefined || last === undefined || slopes.length === 0) return 0
  return middle(slopes) * (last.at - first.at)
}

/** The greater of the two middle ones, where there are two. */
export const middle = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0

export interface Bound {
  /** Rises below this are none. */
  readonly atLeast: number
  /** As a part of the middle value. */
  readonly share: number
}

/** Whether it rose by more than both: a leak goes on, and what fills a cache ends. */
export const isRising = (samples: readonly Sample[], { atLeast, share }: Bound): boolean => {
  const risen = rise(samples)
  return risen > atLeast && risen > share * middle(samples.map(({ value }) => value))
}
