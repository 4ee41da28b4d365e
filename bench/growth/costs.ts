import { quantile } from '../statistics.ts'

/** What one call costs at each size, in milliseconds. */
export interface Row {
  readonly what: string
  readonly costs: readonly (readonly [size: number, milliseconds: number])[]
}

/** Calls that count; before them go as many that warm code and caches. */
const times = 1000

/** The end of the quickest quarter of many calls, one after the other, so that neighbours count little. */
export async function cost(call: (index: number) => Promise<unknown>): Promise<number> {
  const all: number[] = []
  for (let index = 0; index < 2 * times; index += 1) {
    const start = performance.now()
    await call(index)
    if (index >= times) all.push(performance.now() - start)
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
    line(['milliseconds', ...sizes, '']),
    `|${'---|'.repeat(sizes.length + 2)}`,
    ...rows.map(({ what, costs }) =>
      line([what, ...costs.map(([, each]) => figure(each)), growth(costs)]),
    ),
  ].join('\n')
}

const figure = (milliseconds: number) =>
  milliseconds < 0.1 ? milliseconds.toFixed(3) : milliseconds.toFixed(2)
