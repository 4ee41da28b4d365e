/** Milliseconds to the first new attempt, and to any. */
const [first, most] = [200, 30_000]
/** Milliseconds that tell a life from an attempt. */
const steady = 60_000

/**
 * How long to wait before the next attempt, in milliseconds, after one that lasted `lived`: twice as
 * long each time, less up to a half at random, so that those that died together do not return together.
 */
export function createBackOff(random: () => number = Math.random): (lived: number) => number {
  let attempts = 0
  return (lived) => {
    attempts = lived >= steady ? 1 : attempts + 1
    return Math.min(most, first * 2 ** (attempts - 1)) * (1 - random() / 2)
  }
}
