import { setTimeout as pause } from 'node:timers/promises'
import { type Program, usualProgram } from '../parts/redis.ts'
import { usual } from './acts.ts'
import { type Bench, startBench } from './bench.ts'
import type { Violation } from './checker.ts'
import type { Fault } from './fault.ts'
import type { Call } from './history.ts'
import type { TopologyName } from './topologies.ts'

export interface Trial {
  readonly fault: Fault
  readonly seconds: number
  /** Milliseconds from the end of the work until what was ended is looked at once more. */
  readonly settling?: number
}

export interface Cell extends Trial {
  readonly topology: TopologyName
  /** What it runs on, unless it is SQLite. */
  readonly program?: Program
  readonly seed: number
}

const clients = 6
/** Milliseconds before each strike, in which the clients come to have something to lose. */
const calm = 500

export interface Result {
  readonly calls: readonly Call[]
  readonly unknown: number
  /** How often the fault struck. */
  readonly strikes: number
  /** Milliseconds from the mending of the fault until both servers were ready, the longest. */
  readonly recovery: number
  readonly violations: readonly Violation[]
}

/** One fault on one topology, with servers of its own. */
export async function run({
  topology,
  program = usualProgram,
  seed,
  ...trial
}: Cell): Promise<Result> {
  const movesClock = trial.fault.movesClock === true
  await using bench = await startBench(topology, seed, { program, movesClock })
  return await endure(bench, trial)
}

/**
 * It strikes as often as there is time for, while clients go on. What a trial before it on the same bench
 * ended has to stay ended, too.
 */
export async function endure(
  { scene, workload, violations }: Bench,
  { fault, seconds, settling = 0 }: Trial,
): Promise<Result> {
  const begin = performance.now()
  const end = begin + seconds * 1000
  let over = false
  let strikes = 0
  let recovery = 0
  const striking = async () => {
    do {
      await pause(calm)
      await fault.strike(scene)
      const mended = performance.now()
      await scene.fleet.ready()
      recovery = Math.max(recovery, performance.now() - mended)
      strikes++
    } while (performance.now() < end)
  }
  const working = workload.run(clients, () => over, usual)
  await striking().finally(() => {
    over = true
    return working
  })
  await pause(settling)
  await workload.probe()

  const isOfThis = ({ start }: Call) => start >= begin
  const calls = scene.history.calls.filter(isOfThis)
  const unknown = calls.filter(({ outcome }) => outcome.is === 'unknown').length
  const seen = violations().filter((each) => each.calls.some(isOfThis))
  return { calls, unknown, strikes, recovery, violations: seen }
}
