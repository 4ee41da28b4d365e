import type { Result } from './result.ts'

const [begin, end] = ['<!-- bench -->', '<!-- /bench -->']

/** Who stands beside Latchkey, where they were there to be measured. */
const compared = [
  { name: 'oidc-provider, Redis', title: 'oidc-provider as it comes, Redis' },
  { name: 'glewlwyd, SQLite', title: 'glewlwyd, SQLite' },
  { name: 'node:http and the work itself', title: 'node:http and the work itself' },
]

const row = (...cells: readonly string[]) => `| ${cells.join(' | ')} |`

/** The numbers of the README, in words; they come from docs/bench.json and from nowhere else. */
export function summary({ endpoints, starts, machine, date, rounds }: Result): string {
  const others = compared.filter(({ name }) => Object.values(endpoints).some((one) => name in one))
  const rows = Object.entries(endpoints).flatMap(([endpoint, servers]) => {
    const latchkey = servers['Latchkey, Redis']
    if (latchkey === undefined) return []
    const cells = [latchkey, ...others.map(({ name }) => servers[name])].map((each) =>
      each ? `${each.cpu.median.toFixed(0)} µs` : '',
    )
    return [row(endpoint, ...cells)]
  })
  const start = starts['Latchkey, Redis']
  return [
    '![CPU time a request, beside others](docs/bench.svg)',
    '',
    row('CPU time a request', 'Latchkey, Redis', ...others.map(({ title }) => title)),
    `|---|---|${others.map(() => '---|').join('')}`,
    ...rows,
    '',
    `${machine.processors} processors (${machine.processor}), Node ${machine.node}, ${date}, medians of ${rounds} rounds in which the servers took turns.`,
    ...(machine.load > 3 * machine.processors
      ? [
          `The machine was busy with other work (load ${machine.load}), which makes all of them dearer: the proportions count.`,
        ]
      : []),
    ...(start === undefined
      ? []
      : [
          `From the command to the first answer: ${start.ready.median} ms; ${start.memory.median} MB when idle.`,
        ]),
  ].join('\n')
}

/** The README with this summary between its two marks, or with none. @throws Error when they are not there */
export function withSummary(readme: string, result: Result | undefined): string {
  const [from, to] = [readme.indexOf(begin), readme.indexOf(end)]
  if (from < 0 || to < from) throw new Error(`the README has no ${begin} … ${end}`)
  const said = result === undefined ? '' : `${summary(result)}\n`
  return `${readme.slice(0, from + begin.length)}\n${said}${readme.slice(to)}`
}
