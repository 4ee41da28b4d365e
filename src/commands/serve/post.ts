import type { Config } from '../../config/schema.ts'
import type { Logger } from '../../http/log.ts'
import type { WorkerReport } from '../../http/metrics-workers.ts'
import { createBackOff } from './back-off.ts'
import { startWorker, type WorkerExit, type WorkerProcess } from './worker-process.ts'

export interface PostParts {
  /** Counted from 1. */
  readonly number: number
  /** How many there are. */
  readonly of: number
  readonly log: Logger
  readonly onRestart: () => void
  /** Every one of its workers, once it is gone. */
  readonly onExit: (exit: WorkerExit) => void
}

/** The place of one worker. Who dies in it is replaced, later each time. */
export interface Post {
  /**
   * Puts a worker in this place and then ends the one before, if there was one, which may keep
   * connections without a request for `linger` milliseconds: resolves with its end. Throws the
   * operator error of a worker that cannot serve; nothing has changed then.
   */
  fill(config: Config, linger?: number): Promise<{ readonly former: Promise<unknown> }>
  reports(): Promise<{
    /** Whether somebody serves here, and reaches all it needs. */
    readonly ready: boolean
    /** Of those who finish what they have, too. */
    readonly all: readonly WorkerReport[]
  }>
  /** Ends every worker of this place, and lets none follow. */
  end(linger: number): Promise<void>
  kill(): void
}

export function createPost({ number, of, log, onRestart, onExit }: PostParts): Post {
  const alive = new Set<WorkerProcess>()
  const backOff = createBackOff()
  let current: WorkerProcess | undefined
  let config: Config | undefined
  let restart: NodeJS.Timeout | undefined
  let ended = false

  const start = async (wanted: Config): Promise<WorkerProcess> => {
    if (ended) throw new Error('the server is ending')
    const worker = startWorker({ config: wanted, number, of })
    alive.add(worker)
    worker.exited.then((exit) => {
      alive.delete(worker)
      onExit(exit)
      if (worker === current && !ended) missing(exit)
    })
    try {
      await worker.serving
    } catch (error) {
      await worker.exited
      throw error
    }
    return worker
  }

  const missing = ({ code, signal, lived }: Pick<WorkerExit, 'code' | 'signal' | 'lived'>) => {
    current = undefined
    const wait = Math.round(backOff(lived))
    log.error({ worker: number, code, signal, restartIn: wait }, 'a worker died')
    restart = setTimeout(again, wait)
  }

  const again = async () => {
    if (config === undefined) return
    onRestart()
    const begun = performance.now()
    try {
      const worker = await start(config)
      if (current === undefined && !ended) current = worker
      // Another took the place meanwhile.
      else worker.end(0)
    } catch (error) {
      if (ended || current !== undefined) return
      log.error({ worker: number, error: String(error) }, 'a worker cannot start')
      missing({ code: null, signal: null, lived: performance.now() - begun })
    }
  }

  return {
    async fill(wanted, linger = 0) {
      const worker = await start(wanted)
      const before = current
      clearTimeout(restart)
      current = worker
      config = wanted
      before?.end(linger)
      return { former: before?.exited ?? Promise.resolve() }
    },
    async reports() {
      const serving = current
      const all = await Promise.all(
        [...alive].map(async (worker) => ({ worker, report: await worker.report() })),
      )
      return {
        ready: all.some(({ worker, report }) => worker === serving && report?.ready),
        all: all.flatMap(({ report }) => report ?? []),
      }
    },
    async end(linger) {
      ended = true
      clearTimeout(restart)
      for (const worker of alive) worker.end(linger)
      await Promise.all([...alive].map(({ exited }) => exited))
    },
    kill() {
      for (const worker of alive) worker.kill()
    },
  }
}
