import { AggregatorRegistry, Counter, Gauge, Registry } from 'prom-client'
import type { Metrics, Snapshot } from './metrics.ts'
import { measureReloads } from './metrics-reload.ts'

/** What a worker says of itself. */
export interface WorkerReport {
  readonly ready: boolean
  readonly metrics: Snapshot
}

export interface WorkersMetrics extends Pick<Metrics, 'read' | 'reloaded'> {
  /** A worker was started in the place of one that died. */
  restarted(): void
  /** A worker is gone: what it counted still counts. */
  departed(last: Snapshot): void
}

export interface WorkersSaid {
  /** Whether those that take connections are ready, by number. */
  readonly ready: ReadonlyMap<number, boolean>
  /** Of these, and of those that finish what they have. */
  readonly metrics: readonly Snapshot[]
}

/** The metrics of all workers in one: counts and gauges are sums. `ask` brings what they say now. */
export function createWorkersMetrics(ask: () => Promise<WorkersSaid>): WorkersMetrics {
  const own = new Registry()
  const registers = [own]
  const restarts = new Counter({
    name: 'latchkey_worker_restarts_total',
    help: 'Workers started in the place of one that died.',
    registers,
  })
  const ready = new Gauge({
    name: 'latchkey_worker_ready',
    help: 'Whether a worker reaches the state and the directories: 1 or 0.',
    labelNames: ['worker'],
    registers,
  })
  const reloaded = measureReloads(registers)
  let gone: Promise<Snapshot> = Promise.resolve([])

  return {
    reloaded,
    restarted: () => restarts.inc(),
    departed(last) {
      const counts = last.filter(({ type }) => isCount(String(type)))
      gone = gone.then((before) => sum([before, counts]).getMetricsAsJSON())
    },
    async read() {
      const said = await ask()
      ready.reset()
      for (const [worker, is] of said.ready) ready.set({ worker }, is ? 1 : 0)
      return sum([await own.getMetricsAsJSON(), await gone, ...said.metrics]).metrics()
    },
  }
}

const sum = (snapshots: Snapshot[]) => AggregatorRegistry.aggregate(snapshots)

/** What only grows. A gauge says what is now, and nothing of who is gone. */
const isCount = (type: string) => type === 'counter' || type === 'histogram'
