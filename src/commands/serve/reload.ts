import { changedOptions, fixedOptions } from '../../config/changes.ts'
import { ConfigFaults, loadConfig } from '../../config/load.ts'
import type { Config } from '../../config/schema.ts'
import { createLog, type Logger } from '../../http/log.ts'
import type { ReloadOutcome } from '../../http/metrics-reload.ts'

export interface ReloadParts {
  readonly file: string
  /** What runs now. */
  readonly config: Config
  readonly log: Logger
  /** Serves by another configuration; throws and changes nothing where that cannot be. */
  readonly apply: (config: Config, log: Logger) => Promise<void>
  readonly onOutcome: (outcome: ReloadOutcome) => void
}

/** Takes up what the file says now, or goes on as before and logs every reason. Never throws. */
export function createReload({ file, config, log, apply, onOutcome }: ReloadParts) {
  let running = { config, log }
  return async (): Promise<void> => {
    try {
      const next = loadConfig(file)
      refuseFixed(fixedOptions(running.config, next))
      const changed = changedOptions(running.config, next)
      const nextLog = changed.includes('log.level') ? await createLog(next.log) : running.log
      await apply(next, nextLog)
      running = { config: next, log: nextLog }
      onOutcome('applied')
      nextLog.info({ changed }, 'configuration reloaded')
    } catch (error) {
      onOutcome('refused')
      running.log.error(
        { faults: faultsOf(error) },
        'reload refused: the former configuration goes on',
      )
    }
  }
}

function refuseFixed(options: readonly string[]): void {
  if (options.length === 0) return
  throw new AggregateError(
    options.map(
      (option) => new Error(`${option}: cannot change while the server runs; restart it`),
    ),
  )
}

function faultsOf(error: unknown): string[] {
  if (error instanceof ConfigFaults) return error.message.split('\n')
  if (error instanceof AggregateError) return error.errors.flatMap(faultsOf)
  return [error instanceof Error ? error.message : String(error)]
}
