import { Agent } from 'node:http'
import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'
import { createPasswords } from '../src/passwords/index.ts'
import { freePort } from '../test/parts/port.ts'
import { startRedis } from '../test/parts/redis.ts'
import { temporaryFolder } from '../test/parts/temporary-folder.ts'
import { type Call, type Load, load, send } from './load.ts'
import { type Subject, startSubject } from './subject.ts'

/**
 * npm run bench [-- --seconds 3 --rounds 5]: requests a second, CPU per request, p50 and p99 of every
 * endpoint over SQLite and Redis, beside a bare Koa + jose endpoint; and password logins beside the raw
 * rate of argon2 at the same parameters. Subjects take turns in each round; medians and ratios are printed.
 */
const { values } = parseArgs({
  options: { seconds: { type: 'string', default: '3' }, rounds: { type: 'string', default: '5' } },
})
const seconds = Number(values.seconds)
const rounds = Number(values.rounds)
const basic = `Basic ${Buffer.from('app:bench-secret').toString('base64')}`
const login = 'grant_type=password&username=johndoe&password=secret&client_id=web'
const owasp = [19_456, 2, 1] as const
const tutorial = [65_536, 3, 4] as const

interface Scenario {
  readonly name: string
  readonly connections: number
  prepare(url: string): Promise<(caller: number, last: string) => Call>
}

const field = (body: string, name: string): string => String(JSON.parse(body)[name])

async function logins(url: string, count: number): Promise<Record<string, string>[]> {
  const agent = new Agent({ keepAlive: true })
  const answers: Record<string, string>[] = []
  for (let index = 0; index < count; index += 1) {
    const { body } = await send(agent, url, { path: '/token', form: login })
    answers.push(JSON.parse(body))
  }
  agent.destroy()
  return answers
}

const scenarios: readonly Scenario[] = [
  {
    name: 'client_credentials',
    connections: 16,
    prepare: async () => () => ({
      path: '/token',
      form: 'grant_type=client_credentials',
      authorization: basic,
    }),
  },
  {
    name: 'refresh_token',
    connections: 16,
    async prepare(url) {
      const first = await logins(url, 16)
      return (caller, last) => {
        const token = last === '' ? first[caller]?.refresh_token : field(last, 'refresh_token')
        return {
          path: '/token',
          form: `grant_type=refresh_token&client_id=web&refresh_token=${token}`,
        }
      }
    },
  },
  {
    name: 'introspection (JWT)',
    connections: 16,
    async prepare(url) {
      const tokens = await logins(url, 16)
      return (caller) => ({
        path: '/introspect',
        form: `token=${tokens[caller]?.access_token}`,
        authorization: basic,
      })
    },
  },
  {
    name: 'JWKS',
    connections: 16,
    prepare: async () => () => ({ path: '/.well-known/jwks.json', method: 'GET' }),
  },
]

interface Figures extends Load {
  readonly cpu: number
}

async function measure(subject: Subject, scenario: Scenario): Promise<Figures> {
  const next = await scenario.prepare(subject.url)
  const before = await subject.cpu()
  const figures = await load(subject.url, scenario.connections, seconds, next)
  if (figures.failures > 0) throw new Error(`${scenario.name}: ${figures.failures} failures`)
  return { ...figures, cpu: ((await subject.cpu()) - before) / figures.requests }
}

const median = (numbers: readonly number[]): number =>
  numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? 0

function row(name: string, all: readonly Figures[], reference: readonly Figures[]): string {
  const of = (pick: (one: Figures) => number) => median(all.map(pick))
  const ratio = median(all.map((one, index) => one.cpu / (reference[index]?.cpu ?? Number.NaN)))
  return [
    name.padEnd(34),
    of((one) => one.requests / one.seconds)
      .toFixed(0)
      .padStart(8),
    of((one) => one.cpu)
      .toFixed(0)
      .padStart(8),
    of((one) => one.p50)
      .toFixed(2)
      .padStart(8),
    of((one) => one.p99)
      .toFixed(2)
      .padStart(8),
    ratio.toFixed(2).padStart(8),
  ].join(' ')
}

const print = (line: string) => process.stdout.write(`${line}\n`)

async function endpoints(): Promise<void> {
  await using folder = await temporaryFolder()
  const redis = await startRedis()
  const start = async (name: string, state: string) =>
    startSubject('latchkey-server.ts', [
      `${folder.path}/${name}`,
      state,
      String(await freePort()),
      '8192',
      '1',
      '1',
    ])
  const subjects = {
    sqlite: await start('sqlite', `sqlite:${folder.path}/state.sqlite`),
    redis: await start('redis', redis.url),
  }
  const reference = await startSubject('reference-server.ts', [String(await freePort())])
  const bare: Scenario = {
    name: 'bare Koa + jose, one signature',
    connections: 16,
    prepare: async () => () => ({ path: '/token', form: 'grant_type=client_credentials' }),
  }
  print(
    `${'endpoint'.padEnd(34)} ${'req/s'.padStart(8)} ${'cpu µs'.padStart(8)} ${'p50 ms'.padStart(8)} ${'p99 ms'.padStart(8)} ${'cpu/bare'.padStart(8)}`,
  )
  for (const scenario of scenarios) {
    const all: Record<string, Figures[]> = { sqlite: [], redis: [], bare: [] }
    for (let round = 0; round < rounds; round += 1) {
      all.bare?.push(await measure(reference, bare))
      for (const [name, subject] of Object.entries(subjects)) {
        all[name]?.push(await measure(subject, scenario))
      }
    }
    print(row(bare.name, all.bare ?? [], all.bare ?? []))
    for (const name of Object.keys(subjects)) {
      print(row(`${scenario.name}, ${name}`, all[name] ?? [], all.bare ?? []))
    }
  }
  for (const subject of [...Object.values(subjects), reference]) await subject.stop()
  await redis.stop()
}

/** Password logins over HTTP beside the same verifications without a server. */
async function passwords([memory, iterations, parallelism]: readonly [
  number,
  number,
  number,
]): Promise<void> {
  await using folder = await temporaryFolder()
  const subject = await startSubject('latchkey-server.ts', [
    folder.path,
    `sqlite:${folder.path}/state.sqlite`,
    String(await freePort()),
    ...[memory, iterations, parallelism].map(String),
  ])
  const raw = createPasswords({
    queue: 100,
    wait: 60_000,
    allowWeak: [],
    hash: { memory, iterations, parallelism },
  })
  const stored = await raw.hash('secret')
  const over: number[] = []
  const alone: number[] = []
  for (let round = 0; round < rounds; round += 1) {
    const { requests, seconds: took } = await load(subject.url, 8, seconds, () => ({
      path: '/token',
      form: login,
    }))
    over.push(requests / took)
    const end = performance.now() + seconds * 1000
    let count = 0
    const start = performance.now()
    await Promise.all(
      Array.from({ length: availableParallelism() }, async () => {
        while (performance.now() < end) {
          await raw.verify('secret', stored)
          count += 1
        }
      }),
    )
    alone.push((count * 1000) / (performance.now() - start))
  }
  await subject.stop()
  const share = median(over.map((rate, index) => rate / (alone[index] ?? Number.NaN)))
  print(
    `password m=${memory},t=${iterations},p=${parallelism}: ${median(over).toFixed(1)} logins/s, raw argon2 ${median(alone).toFixed(1)}/s, share ${(share * 100).toFixed(0)} %`,
  )
}

await endpoints()
await passwords(owasp)
await passwords(tutorial)
