import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { hashSecret } from '../src/clients/secrets.ts'
import { createPasswords } from '../src/passwords/index.ts'
import { openAccounts } from '../src/users/embedded/accounts.ts'
import { freePort } from '../test/parts/port.ts'
import { temporaryFolder } from '../test/parts/temporary-folder.ts'
import type { Flood } from './flood/attackers.ts'
import { type Load, load, steadyLoad } from './load.ts'
import { mebibytes } from './process.ts'
import { clientCredentials, login, refresh, type Scenario } from './scenarios.ts'
import { startServing } from './serving.ts'
import { median } from './statistics.ts'

/**
 * npm run bench:flood [-- --seconds 8 --rounds 3 --rate 50]: `latchkey serve` over SQLite with OWASP's
 * parameters. Password logins beside the raw rate of argon2, as many at once; then client_credentials and refresh_token
 * at a fixed rate, alone and while wrong passwords come from ten networks at ten times what the processors can hash:
 * p50, p99 and their ratio, what became of the flood, and the peak of the server's memory. The first flood after
 * the start is told by itself.
 */
const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '8' },
    rounds: { type: 'string', default: '3' },
    rate: { type: 'string', default: '50' },
  },
})
const [seconds, rounds, rate] = [values.seconds, values.rounds, values.rate].map(Number) as [
  number,
  number,
  number,
]
const hash = { memory: 19_456, iterations: 2, parallelism: 1 }
const print = (line: string) => process.stdout.write(`${line}\n`)

await using folder = await temporaryFolder()
const port = await freePort()
const url = `http://127.0.0.1:${port}`
const raw = createPasswords({ queue: 100, wait: 60_000, allowWeak: [], hash })
const stored = await raw.hash('secret')
const accounts = openAccounts(join(folder.path, 'data/users.sqlite'))
await accounts.add({ username: 'johndoe', hash: stored })
await accounts.close()

const server = await startServing(folder.path, url, {
  issuer: url,
  listen: { port },
  proxy: { trusted: ['127.0.0.1/32'] },
  apis: [{ audience: 'https://api.example', scopes: ['read'] }],
  clients: [
    { id: 'web', public: true, grants: ['password', 'refresh_token'] },
    { id: 'app', secrets: [hashSecret('bench-secret')], grants: ['client_credentials'] },
  ],
  // Or most of the flood would be answered 429, for less.
  throttle: { enabled: false },
  passwords: { hash },
})

/** Logins a second over HTTP beside hashes a second without a server, in turns; the latter are returned. */
async function capacity(): Promise<number> {
  const logins: number[] = []
  const hashes: number[] = []
  const times: number[] = []
  for (let round = 0; round < rounds; round += 1) {
    const before = await server.cpu()
    const over = await load(url, 8, seconds / 2, () => ({ path: '/token', form: login }))
    if (over.failures > 0) throw new Error(`${over.failures} logins failed`)
    logins.push(over.requests / over.seconds)
    times.push(((await server.cpu()) - before) / 1000 / over.requests)
    const start = performance.now()
    let count = 0
    const one = async () => {
      for (; performance.now() - start < seconds * 500; count += 1)
        await raw.verify('secret', stored)
    }
    await Promise.all(Array.from({ length: availableParallelism() }, one))
    hashes.push((count * 1000) / (performance.now() - start))
  }
  const share = median(logins.map((each, round) => each / (hashes[round] ?? Number.NaN)))
  print(
    `password logins: ${median(logins).toFixed(1)} a second, raw argon2 ${median(hashes).toFixed(1)}, share ${(share * 100).toFixed(0)} %; ` +
      `${median(times).toFixed(1)} ms of a processor each; memory at most ${mebibytes(server.peak())}`,
  )
  return median(hashes)
}

const measured = [clientCredentials, refresh] as const
async function steadily(): Promise<Load[]> {
  const run = async ({ name, prepare }: Scenario) => {
    const result = await steadyLoad(url, 16, seconds, rate, await prepare(server))
    if (result.failures > 0) throw new Error(`${name}: ${result.failures} failures`)
    return result
  }
  return Promise.all(measured.map(run))
}

async function flooded(perSecond: number): Promise<{ loads: Load[]; flood: Flood }> {
  // Tokens to refresh with are there before the flood is; it lasts until after the last answer.
  const next = await Promise.all(measured.map(({ prepare }) => prepare(server)))
  const attackers: ChildProcess = fork(join(import.meta.dirname, 'flood/attackers.ts'), [
    url,
    String(perSecond),
    String(seconds + 2),
  ])
  const said = once(attackers, 'message')
  await new Promise((resolve) => setTimeout(resolve, 1000))
  const loads = await Promise.all(next.map((one) => steadyLoad(url, 16, seconds, rate, one)))
  const [flood] = (await said) as [Flood]
  return { loads, flood }
}

const hashes = await capacity()
// Code is compiled in it: what it costs until then is told by itself.
const cold = await flooded(10 * hashes)
const alone: Load[][] = []
const attacked: Load[][] = []
const floods: Flood[] = []
server.forgetPeak()
for (let round = 0; round < rounds; round += 1) {
  alone.push(await steadily())
  const { loads, flood } = await flooded(10 * hashes)
  attacked.push(loads)
  floods.push(flood)
}
await server.stop()

print(
  `right after the start, in the same flood as below: ${measured
    .map(({ name }, index) => `${name} p99 ${cold.loads[index]?.p99.toFixed(0)} ms`)
    .join(', ')}`,
)
print(
  `\n${rate} requests a second of each, alone and in a flood of ${(10 * hashes).toFixed(0)} passwords a second:`,
)
print(
  ['endpoint'.padEnd(20), 'p50 ms', 'flooded', 'p99 ms', 'flooded', 'ratio (each round)'].join(
    '  ',
  ),
)
for (const [index, { name }] of measured.entries()) {
  const of = (all: Load[][], pick: (one: Load) => number) =>
    all.flatMap((loads) => loads[index] ?? []).map(pick)
  const [calm50, busy50, calm99, busy99] = [
    of(alone, ({ p50 }) => p50),
    of(attacked, ({ p50 }) => p50),
    of(alone, ({ p99 }) => p99),
    of(attacked, ({ p99 }) => p99),
  ] as [number[], number[], number[], number[]]
  const ratios = busy99.map((busy, round) => busy / (calm99[round] ?? Number.NaN))
  const failures = of(attacked, (one) => one.failures).reduce((sum, count) => sum + count, 0)
  print(
    [
      name.padEnd(20),
      ...[calm50, busy50, calm99, busy99].map((times) => median(times).toFixed(2).padStart(7)),
      `${median(ratios).toFixed(2)} (${ratios.map((ratio) => ratio.toFixed(1)).join(', ')}); ${failures} failures`,
    ].join('  '),
  )
}
const total = (pick: (flood: Flood) => number) => floods.reduce((sum, one) => sum + pick(one), 0)
const sent = total((flood) => flood.sent)
const refused = total(({ statuses }) => statuses['503'] ?? 0)
print(
  `the flood: ${sent} passwords, ${((refused * 100) / sent).toFixed(1)} % answered 503; memory at most ${mebibytes(server.peak())}; ${JSON.stringify(floods.map(({ statuses }) => statuses))}`,
)
