import {
  bare,
  type Contestant,
  glewlwyd,
  koaJose,
  latchkeyRedis,
  latchkeySqlite,
  least,
  nodeHttp,
  nodeOauth,
  type Surroundings,
  startIfThere,
} from './contestants.ts'
import { type Load, load, steadyLoad } from './load.ts'
import {
  clientCredentials,
  connections,
  introspection,
  jwks,
  metadata,
  password,
  refresh,
  type Scenario,
} from './scenarios.ts'
import { type Spread, spread } from './statistics.ts'
import type { Subject } from './subject.ts'

/** One server at one endpoint. */
export interface EndpointFigures {
  /** CPU time of the server, in microseconds a request. */
  readonly cpu: Spread
  /** Requests a second, as many as 16 callers get. */
  readonly rate: Spread
  /** Milliseconds at a fixed rate; nothing where it was not asked. */
  readonly p50?: Spread
  readonly p99?: Spread
  /** Latchkey's CPU over Redis, as a part of this server's, of runs next to each other: below 1 where Latchkey needs less. */
  readonly ratio: Spread
}

/** By endpoint, then by server. */
export type Endpoints = Readonly<Record<string, Readonly<Record<string, EndpointFigures>>>>

interface Heat {
  readonly scenario: Scenario
  readonly contestants: readonly Contestant[]
  /** Requests a second for p50 and p99; 0 leaves them out. */
  readonly rate: number
}

/** Who has the endpoint. The bare engine introspects opaque tokens alone, Latchkey gets JWTs. glewlwyd has another hash for passwords. */
const heats: readonly Heat[] = [
  {
    scenario: clientCredentials,
    contestants: [latchkeyRedis, latchkeySqlite, bare, nodeOauth, glewlwyd, koaJose, nodeHttp],
    rate: 100,
  },
  {
    scenario: refresh,
    contestants: [latchkeyRedis, latchkeySqlite, bare, nodeOauth, glewlwyd, nodeHttp],
    rate: 100,
  },
  {
    scenario: introspection,
    contestants: [latchkeyRedis, latchkeySqlite, bare, glewlwyd],
    rate: 100,
  },
  { scenario: jwks, contestants: [latchkeyRedis, bare, glewlwyd, koaJose], rate: 100 },
  { scenario: metadata, contestants: [latchkeyRedis, bare, glewlwyd, koaJose], rate: 0 },
  { scenario: password, contestants: [latchkeyRedis, latchkeySqlite, bare], rate: 0 },
]

/** Requests before anything counts, so that the code is compiled, and the seconds that they may take. */
const warmUp = { requests: 15_000, seconds: 40 }

interface Run {
  readonly cpu: number
  readonly rate: number
}

async function run(subject: Subject, scenario: Scenario, seconds: number): Promise<Run> {
  const next = await scenario.prepare(subject)
  const before = await subject.cpu()
  const figures = honest(scenario, await load(subject.url, connections, seconds, next))
  return {
    cpu: ((await subject.cpu()) - before) / figures.requests,
    rate: figures.requests / figures.seconds,
  }
}

/** Cold code costs several times what it does a thousand requests later. */
async function warm(subject: Subject, scenario: Scenario): Promise<void> {
  const start = performance.now()
  let requests = 0
  while (requests < warmUp.requests && performance.now() - start < warmUp.seconds * 1000) {
    const next = await scenario.prepare(subject)
    requests += (await load(subject.url, connections, 1, next)).requests
  }
}

/** Servers take turns in every round, so that a noisy neighbour meets all of them. */
export async function endpoints(
  around: Omit<Surroundings, 'cost'>,
  { rounds, seconds }: { readonly rounds: number; readonly seconds: number },
  tell: (line: string) => void,
  /** Endpoints to measure; all, if left out. */
  only?: readonly string[],
): Promise<Endpoints> {
  const all = heats.map(({ scenario }) => scenario.name)
  const unknown = only?.find((name) => !all.includes(name))
  if (unknown !== undefined) throw new Error(`no endpoint ${unknown}; there are ${all.join(', ')}`)
  const chosen = heats.filter(({ scenario }) => only?.includes(scenario.name) ?? true)
  const names = new Set(chosen.flatMap(({ contestants }) => contestants))
  const subjects = new Map<Contestant, Subject>()
  for (const contestant of names) {
    const subject = await startIfThere(contestant, { ...around, cost: least }, tell)
    if (subject !== undefined) subjects.set(contestant, subject)
  }
  const figures: Record<string, Record<string, EndpointFigures>> = {}
  for (const heat of chosen) {
    tell(heat.scenario.name)
    figures[heat.scenario.name] = await measured(heat, subjects, rounds, seconds)
  }
  for (const subject of subjects.values()) await subject.stop()
  return figures
}

interface Racer {
  readonly contestant: Contestant
  readonly subject: Subject
  readonly runs: Run[]
  readonly steady: Load[]
}

async function measured(
  { scenario, contestants, rate }: Heat,
  subjects: ReadonlyMap<Contestant, Subject>,
  rounds: number,
  seconds: number,
): Promise<Record<string, EndpointFigures>> {
  const racers = contestants.flatMap((contestant): Racer[] => {
    const subject = subjects.get(contestant)
    return subject === undefined ? [] : [{ contestant, subject, runs: [], steady: [] }]
  })
  for (const { contestant, subject } of racers) {
    if (!contestant.native) await warm(subject, scenario)
  }
  for (let round = 0; round < rounds; round += 1) {
    for (const { subject, runs, steady } of racers) {
      runs.push(await run(subject, scenario, seconds))
      if (rate === 0) continue
      const next = await scenario.prepare(subject)
      steady.push(honest(scenario, await steadyLoad(subject.url, connections, seconds, rate, next)))
    }
  }
  const [latchkey] = racers
  return Object.fromEntries(
    racers.map((racer) => [racer.contestant.name, figuresOf(racer, latchkey?.runs ?? [])]),
  )
}

function figuresOf({ runs, steady }: Racer, latchkey: readonly Run[]): EndpointFigures {
  const ratios = runs.map(({ cpu }, at) => (latchkey[at]?.cpu ?? Number.NaN) / cpu)
  const [p50, p99] = [steady.map((each) => each.p50), steady.map((each) => each.p99)]
  return {
    cpu: spread(runs.map(({ cpu }) => cpu)),
    rate: spread(runs.map((each) => each.rate)),
    ratio: spread(ratios, 2),
    ...(steady.length > 0 && { p50: spread(p50, 2), p99: spread(p99, 2) }),
  }
}

/** Errors are fast, and no figures. */
function honest(scenario: Scenario, figures: Load): Load {
  if (figures.failures === 0) return figures
  throw new Error(`${scenario.name}: ${figures.failures} of ${figures.requests} failed`)
}
