import { cheaply, type Latchkey, passwordGrant, startLatchkey } from '../parts/latchkey.ts'
import { type Scenario, scenarios, type Try } from './scenarios.ts'

export interface StuffingOptions {
  /** Guesses of each scenario. */
  readonly size: number
  /** Of the configuration, beside the defaults. */
  readonly throttle?: Readonly<Record<string, unknown>>
  /** A state URL for each scenario, one that holds nothing yet; SQLite, if left out. */
  readonly state?: () => Promise<string>
}

/** What one kind of request came to. */
export interface Tally {
  readonly sent: number
  /** Judged: the guess was wrong, or the user was let in. */
  readonly judged: number
  readonly refused: number
}

export interface Outcome {
  readonly scenario: Scenario
  /** Seconds. */
  readonly took: number
  readonly guesses: Tally
  /** Logins of real users from where they have logged in before. */
  readonly fromHome: Tally
  /** From where they never were. */
  readonly fromElsewhere: Tally
}

/** Requests at once. */
const workers = 16
/** Logins of each real user at home; every other comes after a slip of the finger. */
const rounds = 4

/** Runs every scenario, one after the other, each against a server of its own. */
export async function* stuff({
  size,
  throttle = {},
  state,
}: StuffingOptions): AsyncGenerator<Outcome> {
  for (const scenario of scenarios(size)) {
    const url = await state?.()
    const server = await startLatchkey({
      throttle,
      proxy: { trusted: ['127.0.0.0/8'] },
      passwords: {
        hash: { memory: 8192, iterations: 1, parallelism: 1 },
        queue: 200,
        wait: 10_000,
      },
      ...(url !== undefined && { state: { url, timeout: 5000 } }),
    })
    try {
      yield await play(server, scenario)
    } finally {
      await server.stop()
    }
  }
}

async function play(server: Latchkey, scenario: Scenario): Promise<Outcome> {
  const { guesses, users } = scenario
  const hash = await cheaply('secret')
  for (const username of new Set([...guesses, ...users].map(({ account }) => account))) {
    await server.accounts.add({ username, hash })
  }
  const attempt = async ({ account: username, address }: Try, password: string) => {
    const form = { ...passwordGrant, username, password }
    const options = { headers: { 'X-Forwarded-For': address } }
    return (await server.post('/token', form, options)).status
  }
  for (const user of users) await attempt(user, 'secret')

  const statuses = { guesses: [], fromHome: [], fromElsewhere: [] } as Record<Group, number[]>
  const tasks = guesses.map((guess, index) => async () => {
    statuses.guesses.push(await attempt(guess, `guess-${index}`))
  })
  const logins = Array.from({ length: rounds }, (_, round) =>
    users.map((user) => async () => {
      if (round % 2 === 1) await attempt(user, `slip-${round}`)
      statuses.fromHome.push(await attempt(user, 'secret'))
    }),
  ).flat()
  const journeys = users.map((user, index) => async () => {
    statuses.fromElsewhere.push(
      await attempt({ ...user, address: `192.168.${index}.20` }, 'secret'),
    )
  })
  const start = performance.now()
  await inTurn(spread(tasks, [...logins, ...journeys]))
  return {
    scenario,
    took: (performance.now() - start) / 1000,
    guesses: tally(statuses.guesses, 400),
    fromHome: tally(statuses.fromHome, 200),
    fromElsewhere: tally(statuses.fromElsewhere, 200),
  }
}

type Group = 'guesses' | 'fromHome' | 'fromElsewhere'
type Task = () => Promise<void>

const tally = (statuses: readonly number[], wanted: number): Tally => {
  const judged = statuses.filter((status) => status === wanted).length
  return { sent: statuses.length, judged, refused: statuses.length - judged }
}

/** The few among the many, evenly. */
function spread(many: readonly Task[], few: readonly Task[]): Task[] {
  const step = many.length / few.length
  return few.flatMap((task, index) => [
    ...many.slice(Math.floor(index * step), Math.floor((index + 1) * step)),
    task,
  ])
}

async function inTurn(tasks: readonly Task[]): Promise<void> {
  const rest = tasks.values()
  const worker = async () => {
    for (const task of rest) await task()
  }
  await Promise.all(Array.from({ length: workers }, worker))
}
