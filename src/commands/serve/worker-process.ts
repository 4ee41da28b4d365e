import cluster from 'node:cluster'
import type { WorkerReport } from '../../http/metrics-workers.ts'
import type { Order, Word } from './messages.ts'

export interface WorkerProcess {
  /** Resolves with its URL when it listens. Rejects with its operator error when it cannot. */
  readonly serving: Promise<string>
  readonly exited: Promise<WorkerExit>
  /**
   * How it is: what it said before, and not ready, when it does not answer soon. Undefined when it
   * has not said anything, as before it listens.
   */
  report(): Promise<WorkerReport | undefined>
  /** Lets it finish what is under way; it exits then. */
  end(linger: number): void
  kill(): void
}

export interface WorkerExit {
  readonly code: number | null
  readonly signal: string | null
  /** Milliseconds. */
  readonly lived: number
  /** What it last said of itself. */
  readonly last: WorkerReport | undefined
}

/** Milliseconds for a worker to listen: longer than any store or directory may take to answer. */
const mostForStart = 60_000
/** Milliseconds for a worker to say how it is. */
const mostForReport = 1000

/** Starts a worker, which is this very command in another process (worker.ts). */
export function startWorker(order: Omit<Order & { type: 'serve' }, 'type'>): WorkerProcess {
  // Each takes its connections from the kernel. Handed out by the primary, one would hang for ever
  // when its worker dies before it has it.
  cluster.schedulingPolicy = cluster.SCHED_NONE
  cluster.setupPrimary({ serialization: 'advanced' })
  const born = performance.now()
  const worker = cluster.fork()
  const { promise: serving, resolve: served, reject } = Promise.withResolvers<string>()
  const { promise: exited, resolve: exit } = Promise.withResolvers<WorkerExit>()
  let last: WorkerReport | undefined
  let listens = false
  let onReport = () => {}

  const late = setTimeout(() => {
    reject(new Error(`a worker did not listen within ${mostForStart / 1000} seconds`))
    worker.process.kill('SIGKILL')
  }, mostForStart)
  worker.on('message', (word: Word) => {
    if (word.type === 'failed') reject(new Error(word.message))
    else if (word.type === 'serving') {
      listens = true
      served(word.url)
    } else {
      last = word.report
      onReport()
    }
  })
  // The channel fails when the worker dies while it is told something: `exit` says so.
  worker.on('error', () => {})
  worker.once('exit', (code: number | null, signal: string | null) => {
    reject(new Error(`a worker ended (${signal ?? code}) before it listened`))
    onReport()
    exit({ code, signal, lived: performance.now() - born, last })
  })
  const settled = () => clearTimeout(late)
  serving.then(settled, settled)
  const tell = (word: Order) => {
    if (worker.isConnected()) worker.send(word)
  }
  tell({ type: 'serve', ...order })

  return {
    serving,
    exited,
    async report() {
      if (!listens) return undefined
      const { promise, resolve } = Promise.withResolvers<boolean>()
      onReport = () => resolve(true)
      const timer = setTimeout(resolve, mostForReport, false)
      tell({ type: 'report' })
      const said = await promise
      clearTimeout(timer)
      return said ? last : last && { ...last, ready: false }
    },
    end: (linger) => tell({ type: 'end', linger }),
    kill: () => worker.process.kill('SIGKILL'),
  }
}
