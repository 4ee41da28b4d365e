import { openState, type StateOptions } from '../../src/state/index.ts'
import type { State } from '../../src/state/state.ts'
import { openAccounts } from '../../src/users/embedded/accounts.ts'
import { type Program, usualProgram } from '../parts/redis.ts'
import { temporaryFolder } from '../parts/temporary-folder.ts'
import { type BugName, bugs } from './bugs.ts'
import { check, type Violation } from './checker.ts'
import { withClock } from './clock.ts'
import type { Scene } from './fault.ts'
import { type FleetOptions, graces, startFleet } from './fleet.ts'
import { createHistory } from './history.ts'
import { createRandom } from './random.ts'
import { createRequests } from './requests.ts'
import { type TopologyName, topologies } from './topologies.ts'
import { createWorkload, type Workload } from './workload.ts'

/** Servers, store, users and clients, ready to be set upon one another. */
export interface Bench extends AsyncDisposable {
  readonly scene: Scene
  readonly workload: Workload
  /** Makes both servers and the operator wrong in this way, or right again. */
  plant(bug: BugName | null): void
  violations(): Violation[]
}

interface BenchOptions extends FleetOptions {
  /** What the store runs on, unless it is SQLite. */
  readonly program?: Program
  /** Changes what the configuration says about the store. */
  readonly store?: (options: StateOptions) => StateOptions
  /** Whether the servers' clock can be set. The operator has the true one. */
  readonly movesClock?: boolean
}

export async function startBench(
  topology: TopologyName,
  seed: number,
  {
    program = usualProgram,
    store: alter = (options) => options,
    movesClock = false,
    ...different
  }: BenchOptions = {},
): Promise<Bench> {
  await using parts = new AsyncDisposableStack()
  const random = createRandom(seed)
  const history = createHistory()
  const { path: folder } = parts.use(await temporaryFolder())
  const store = await topologies[topology](program, folder)
  parts.defer(() => store.stop())
  const accounts = parts.use(openAccounts(`${folder}/users.sqlite`))
  const [one, other] = store.options
  const fleet = await startFleet(folder, [alter(one), alter(other)], history, {
    places: store.places,
    ...(movesClock && { launch: withClock(folder) }),
    ...different,
  })
  parts.defer(() => fleet.stop())
  const state = await openState(store.direct)
  parts.defer(() => state.close())

  let planted: Partial<State> = {}
  const operator: Pick<State, 'cutOff'> = {
    cutOff: (...words) => ({ ...state, ...planted }).cutOff(...words),
  }
  const requests = createRequests({ urls: fleet.urls, history, accounts, operator })
  const disposal = parts.move()
  return {
    scene: { store, fleet, history, random: random.fork(), folder },
    workload: createWorkload(requests, random.fork()),
    plant(bug) {
      planted = bug === null ? {} : bugs[bug](state)
      for (const index of [0, 1]) fleet.server(index).order({ bug })
    },
    violations: () => check(history.calls, { grace: graces, evenClocks: !movesClock }),
    [Symbol.asyncDispose]: () => disposal.disposeAsync(),
  }
}
