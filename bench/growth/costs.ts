import { quantile } from '../statistics.ts'

/** What one call costs at each size, in milliseconds. */
export interface Row {
  readonly what: string
  readonly costs: readonly (readonly [size: number, milliseconds: number])[]
}

export interface Clock {
  /** Milliseconds since some moment. */
  now(): number
  /** Calls that are timed together, and how often. */
  readonly together: number
  readonly turns: number
}

export const wall: Clock = { now: () => performance.now(), together: 10, turns: 100 }

/**
 * The CPU time of this thread, which is counted in steps. For writes to a file: the disk keeps them
 * waiting, and one page of many no longer than one of few.
 */
export const ownWork: Clock = {
  now() {
    const { user, system } = process.threadCpuUsage()
    return (user + system) / 1000
  },
  together: 1000,
  turns: 1,
}

/**
 * What one call takes, of many one after the other, in the quicker turns, so that neighbours count
 * little; as many before them warm code and caches.
 */
export async function cost(
  { now, together, turns }: Clock,
  call: (index: number) => Promise<unknown>,
): Promise<number> {
  const all: number[] = []
  for (let turn = 0; turn < 2 * turns; turn += 1) {
    const start = now()
    for (let index = 0; index < together; index += 1) await call(turn * together + index)
    if (turn >= turns) all.push((now() - start) / together)
  }
  return quantile(all, 0.25)
}

/**
 * What the costs amount to. Linear shows in the last step, whatever is spent beside it; and twice the
 * cost of a thousand times as many is no growth in this noise.
 */
export function growth(costs: Row['costs']): string {
  const [first, before, last] = [costs.at(0), costs.at(-2), costs.at(-1)]
  if (!first || !before || !last) return 'one size says nothing'
  if (Math.log(last[1] / before[1]) / Math.log(last[0] / before[0]) > 0.5) return 'linear'
  return last[1] / first[1] < 2 ? 'constant' : 'logarithmic'
}

/** In Markdown, as docs/performance.md has it. */
export function table(rows: readonly Row[]): string {
  const sizes = rows[0]?.costs.map(([size]) => size.toLocaleString('en')) ?? []
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
  return [
    line(['milliseconds a call', ...sizes, '']),
    `|${'---|'.repeat(sizes.length + 2)}`,
    ...rows.map(({ what, costs }) =>
      line([what, ...costs.map(([, each]) => figure(each)), growth(costs)]),
    ),
  ].join('\n')
}

const figure = (milliseconds: number) =>
  milliseconds < 0.1 ? milliseconds.toFixed(3) : milliseconds.toFixed(2)
