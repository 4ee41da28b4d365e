import { availableParallelism } from 'node:os'
import type { Config } from '../../config/schema.ts'
import { removeStaleSocket } from '../../http/listen.ts'
import { createLog } from '../../http/log.ts'
import { listenForMetrics } from '../../http/metrics-listener.ts'
import { createWorkersMetrics } from '../../http/metrics-workers.ts'
import { inTime, linger } from './patience.ts'
import { createReload } from './reload.ts'
import type { Signals } from './signals.ts'
import { startWorkers } from './workers.ts'

/**
 * Serves by so many workers, one a processor if 0, until a signal ends it. This process serves
 * nothing but the metrics of all. Throws an operator error when it cannot start.
 */
export async function serveByWorkers(
  file: string,
  config: Config,
  count: number,
  signals: Signals,
): Promise<void> {
  if (config.development) {
    throw new Error('development is for one process: leave out --workers, or development: true')
  }
  const of = count || availableParallelism()
  const log = await createLog(config.log)
  const metrics = createWorkersMetrics(() => workers.ask())
  if ('socket' in config.listen) await removeStaleSocket(config.listen.socket)
  const workers = await startWorkers(
    {
      of,
      log,
      onRestart: metrics.restarted,
      onExit: ({ last }) => last && metrics.departed(last.metrics),
    },
    config,
  )
  const metricsAt = config.metrics && (await listenForMetrics(metrics, config.metrics))
  log.info({ workers: of, metrics: metricsAt?.url }, 'all workers listen')
  signals.onReload(
    createReload({ file, config, log, apply: workers.replace, onOutcome: metrics.reloaded }),
  )
  await signals.ended
  await metricsAt?.close(0, 0)
  await inTime(workers.end(linger)).catch((error) => {
    workers.kill()
    throw error
  })
}
