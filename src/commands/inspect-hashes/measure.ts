import { randomBytes } from 'node:crypto'
import type { Passwords } from '../../passwords/index.ts'

const runs = 5
/** Milliseconds after which nothing more is measured. */
const patience = 20_000

/**
 * Milliseconds that one verification takes on this machine, for each sample: the median of up to five,
 * after one that is not counted. The password is random, never a user's. Samples beyond the time
 * for it stay undefined; they come in the order of importance.
 */
export async function measure(
  samples: readonly string[],
  verify: Passwords['verify'],
): Promise<(number | undefined)[]> {
  const end = performance.now() + patience
  const password = randomBytes(12).toString('base64url')
  const costs: (number | undefined)[] = []
  for (const sample of samples) {
    const times: number[] = []
    for (let run = 0; run <= runs && performance.now() < end; run += 1) {
      const start = performance.now()
      await verify(password, sample)
      times.push(performance.now() - start)
    }
    const [first, ...rest] = times
    costs.push(median(rest) ?? first)
  }
  return costs
}

const median = (times: readonly number[]): number | undefined =>
  times.toSorted((a, b) => a - b)[Math.floor(times.length / 2)]
