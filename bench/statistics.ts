/** Medians, and how far the runs lay apart. */
export interface Spread {
  readonly median: number
  readonly min: number
  readonly max: number
}

export const sorted = (numbers: readonly number[]): number[] => numbers.toSorted((a, b) => a - b)

/** NaN of nothing. */
export const quantile = (numbers: readonly number[], share: number): number =>
  sorted(numbers)[Math.min(numbers.length - 1, Math.floor(numbers.length * share))] ?? Number.NaN

export const median = (numbers: readonly number[]): number => quantile(numbers, 0.5)

export const spread = (numbers: readonly number[], digits = 1): Spread => ({
  median: round(median(numbers), digits),
  min: round(Math.min(...numbers), digits),
  max: round(Math.max(...numbers), digits),
})

export const round = (number: number, digits: number): number => Number(number.toFixed(digits))
