import { Agent } from 'node:http'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { freePort } from '../test/parts/port.ts'
import { temporaryFolder } from '../test/parts/temporary-folder.ts'
import { send } from './load.ts'
import { type Subject, startSubject } from './subject.ts'
import type { Plant } from './timing/plant.ts'
import { compare, type Pairs } from './timing/statistics.ts'
import { hashes, makeTable, type Names, password } from './timing/table.ts'

/**
 * npm run bench:timing [-- --n 1500 --memory 8192 --iterations 1 --formats bcrypt,phpass --only planted]: whether the time of a
 * refused login tells why. Pairs of requests take turns over HTTP against a server of its own for
 * every table; Mann-Whitney and a bootstrap interval say what an observer on the same machine could
 * tell. `control` compares wrong passwords with wrong passwords; `planted` are servers with a
 * mistake, which must be found.
 */
const { values } = parseArgs({
  options: {
    n: { type: 'string', default: '1500' },
    memory: { type: 'string', default: '8192' },
    iterations: { type: 'string', default: '1' },
    formats: { type: 'string', default: Object.keys(hashes).join(',') },
    only: { type: 'string', default: '' },
  },
})
const n = Number(values.n)
const cost = { memory: Number(values.memory), iterations: Number(values.iterations) }

interface Scene {
  readonly title: string
  readonly formats: readonly string[]
  readonly plant?: Plant
  /** Kinds of names that are compared, each with the second. */
  readonly pairs: readonly (readonly [string, string])[]
}

const odd = ['disabled', 'no password', 'malformed', 'beyond the caps', 'no format']

const all = values.formats.split(',')

/** Every table of one format, one of all formats, and servers with a mistake. */
const scenes: readonly Scene[] = [
  ...all.map((format, at): Scene => {
    const kinds = at === 0 ? ['control', 'unknown', ...odd] : ['unknown', 'malformed']
    return { title: format, formats: [format], pairs: kinds.map((kind) => [kind, format]) }
  }),
  {
    title: 'all formats',
    formats: all,
    pairs: [['unknown', 'any']],
  },
  ...all.slice(0, 1).flatMap((format): Scene[] =>
    (['no hash for unknown', 'half a ms for unknown'] as const).map((plant) => ({
      title: `planted: ${plant}`,
      formats: [format],
      plant,
      pairs: [['unknown', format]],
    })),
  ),
  {
    title: 'planted: one cost for all unknown',
    formats: all,
    plant: 'one cost for all unknown',
    pairs: [['unknown', 'any']],
  },
]

const agent = new Agent({ keepAlive: true, maxSockets: 1 })

async function time(url: string, username: string, secret: string): Promise<number> {
  const form = `grant_type=password&client_id=web&username=${username}&password=${secret}`
  const start = performance.now()
  const { status, body } = await send(agent, url, { path: '/token', form })
  const took = performance.now() - start
  if (status !== 400 || !body.includes('invalid_grant')) throw new Error(`${status} ${body}`)
  return took
}

/** A disabled user gives the right password: that is the case that could tell. */
const timeOf = (subject: Subject, names: Names, kind: string, wrong: string) =>
  time(
    subject.url,
    names(kind === 'control' ? wrong : kind),
    encodeURIComponent(kind === 'disabled' ? password : 'correct house'),
  )

async function run({ title, formats, plant, pairs }: Scene): Promise<void> {
  await using folder = await temporaryFolder()
  const table = join(folder.path, 'people.sqlite')
  const names = await makeTable(table, formats, cost)
  const words = [folder.path, table, await freePort(), cost.memory, cost.iterations, plant ?? '']
  const subject = await startSubject('timing/server.ts', words.map(String))
  try {
    for (let warm = 0; warm < 100; warm += 1) await timeOf(subject, names, 'any', '')
    const times = pairs.map((): Record<keyof Pairs, number[]> => ({ first: [], second: [] }))
    for (let round = 0; round < n; round += 1) {
      for (const [at, [kind, wrong]] of pairs.entries()) {
        const firstFirst = Math.random() < 0.5
        for (const place of firstFirst ? ['first', 'second'] : ['second', 'first']) {
          const took = await timeOf(subject, names, place === 'first' ? kind : wrong, wrong)
          times[at]?.[place as keyof Pairs].push(took)
        }
      }
    }
    for (const [at, [kind]] of pairs.entries()) print(title, kind, times[at])
  } finally {
    await subject.stop()
  }
}

function print(title: string, kind: string, pairs: Pairs | undefined): void {
  if (pairs === undefined) return
  const { median, difference, interval, p, auc } = compare(pairs)
  const [low, high] = interval.map((bound) => bound.toFixed(0).padStart(7))
  console.log(
    [
      title.padEnd(34),
      kind.padEnd(16),
      `${median.toFixed(2)} ms`.padStart(10),
      difference.toFixed(0).padStart(7),
      `[${low}, ${high}]`,
      p.toExponential(1).padStart(9),
      auc.toFixed(3),
    ].join('  '),
  )
}

console.log(
  `n = ${n} pairs each, argon2id m=${cost.memory} t=${cost.iterations}; difference and interval in µs, p by Mann-Whitney`,
)
const only = new RegExp(values.only)
for (const scene of scenes.filter(({ title }) => only.test(title))) await run(scene)
agent.destroy()
