import { openState } from '../../src/state/index.ts'
import { openAccounts } from '../../src/users/embedded/accounts.ts'
import { temporaryFolder } from '../parts/temporary-folder.ts'
import { check, type Violation } from './checker.ts'
import type { Fault } from './fault.ts'
import { graces, startFleet } from './fleet.ts'
import { createHistory, type History } from './history.ts'
import { createRandom } from './random.ts'
import { createRequests } from './requests.ts'
import { type TopologyName, topologies } from './topologies.ts'
import { createWorkload } from './workload.ts'

export interface Cell {
  readonly fault: Fault
  readonly topology: TopologyName
  readonly seed: number
  readonly seconds: number
  readonly clients?: number
}

export interface Result {
  readonly calls: number
  readonly unknown: number
  /** How often the fault struck. */
  readonly strikes: number
  /** Milliseconds from the mending of the fault until both servers were ready, the longest. */
  readonly recovery: number
  readonly violations: readonly Violation[]
  readonly history: History
}

/** One fault on one topology: strikes as often as there is time for, while clients go on. */
export async function run({ fault, topology, seed, seconds, clients = 6 }: Cell): Promise<Result> {
  const random = createRandom(seed)
  const history = createHistory()
  await using folder = await temporaryFolder()
  await using parts = new AsyncDisposableStack()
  const store = await topologies[topology](folder.path)
  parts.defer(() => store.stop())
  const accounts = parts.use(openAccounts(`${folder.path}/users.sqlite`))
  const fleet = await startFleet(folder.path, store.options, history)
  parts.defer(() => fleet.stop())
  const operator = await openState(store.direct)
  parts.defer(() => operator.close())

  const requests = createRequests({ urls: fleet.urls, history, accounts, operator })
  const workload = createWorkload(requests, random.fork())
  const scene = { store, fleet, history, random: random.fork(), folder: folder.path }

  const end = performance.now() + seconds * 1000
  let struck = false
  let strikes = 0
  let recovery = 0
  const striking = async () => {
    do {
      await fault.strike(scene)
      const mended = performance.now()
      await fleet.ready()
      recovery = Math.max(recovery, performance.now() - mended)
      strikes++
    } while (performance.now() < end)
  }
  await Promise.all([
    workload.run(clients, () => struck),
    striking().finally(() => {
      struck = true
    }),
  ])
  await workload.probe()

  return {
    calls: history.calls.length,
    unknown: history.calls.filter(({ outcome }) => outcome.is === 'unknown').length,
    strikes,
    recovery,
    violations: check(history.calls, { grace: graces, evenClocks: true }),
    history,
  }
}
