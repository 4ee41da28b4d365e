/** Times of two classes of requests that took turns, in milliseconds: the nth of both were neighbours. */
export interface Pairs {
  readonly first: readonly number[]
  readonly second: readonly number[]
}

export interface Comparison {
  readonly n: number
  /** Median of `second`, in milliseconds. */
  readonly median: number
  /** Median of `first` less that of `second`, and its 95 % bootstrap interval, in microseconds. */
  readonly difference: number
  readonly interval: readonly [number, number]
  /** Two-sided p of the Mann-Whitney U test. */
  readonly p: number
  /** Share of the pairs of one of each in which `first` takes longer: 0.5 says nothing. */
  readonly auc: number
}

const resamples = 2000

export function compare({ first, second }: Pairs): Comparison {
  const { p, auc } = mannWhitney(first, second)
  const differences = Array.from({ length: resamples }, () => {
    // Pairs are drawn together: whatever slowed the machine down was in both.
    const drawn = Array.from(first, () => Math.floor(Math.random() * first.length))
    const of = (times: readonly number[]) => median(drawn.map((at) => times[at] ?? 0))
    return of(first) - of(second)
  }).sort((a, b) => a - b)
  const at = (share: number) => 1000 * (differences[Math.floor(share * resamples)] ?? Number.NaN)
  return {
    n: first.length,
    median: median(second),
    difference: 1000 * (median(first) - median(second)),
    interval: [at(0.025), at(0.975)],
    p,
    auc,
  }
}

export function median(times: readonly number[]): number {
  const sorted = Float64Array.from(times).sort()
  const middle = sorted.length >> 1
  const upper = sorted[middle] ?? Number.NaN
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? Number.NaN)) / 2
}

/** By the normal approximation, with the correction for ties. */
export function mannWhitney(first: readonly number[], second: readonly number[]) {
  const all = [
    ...first.map((time) => ({ time, mine: true })),
    ...second.map((time) => ({ time, mine: false })),
  ].sort((a, b) => a.time - b.time)
  const [m, n] = [first.length, second.length]
  let ranks = 0
  let ties = 0
  for (let from = 0; from < all.length; ) {
    let to = from
    while (to < all.length && all[to]?.time === all[from]?.time) to += 1
    const rank = (from + 1 + to) / 2
    ranks += rank * all.slice(from, to).filter(({ mine }) => mine).length
    ties += (to - from) ** 3 - (to - from)
    from = to
  }
  const u = ranks - (m * (m + 1)) / 2
  const total = m + n
  const variance = ((m * n) / 12) * (total + 1 - ties / (total * (total - 1)))
  const z = (u - (m * n) / 2) / Math.sqrt(variance)
  return { auc: u / (m * n), p: 2 * upperTail(Math.abs(z)) }
}

/** The standard normal distribution beyond z, to seven digits (Abramowitz and Stegun 26.2.17). */
function upperTail(z: number): number {
  const t = 1 / (1 + 0.2316419 * z)
  const series = [0.31938153, -0.356563782, 1.781477937, -1.821255978, 1.330274429]
  const sum = series.reduce((value, factor, at) => value + factor * t ** (at + 1), 0)
  return (Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI)) * sum
}
