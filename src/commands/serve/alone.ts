import type { Config } from '../../config/schema.ts'
import { createLog } from '../../http/log.ts'
import { startService } from '../../service.ts'
import { demoScreen, prepareDemo } from '../demo.ts'
import { keepMemorySmall } from './memory.ts'
import { makeRoomFor } from './open-files.ts'
import { inTime, linger } from './patience.ts'
import { createReload } from './reload.ts'
import type { Signals } from './signals.ts'

/** Serves in this process until a signal ends it. Throws an operator error when it cannot start. */
export async function serveAlone(file: string, config: Config, signals: Signals): Promise<void> {
  if (config.development) await prepareDemo(config)
  const log = await createLog(config.log)
  const service = await startService(config, log)
  keepMemorySmall()
  makeRoomFor(config.http.connections)
  if (config.development) process.stdout.write(demoScreen(service.url, config))
  const { replace: apply, metrics } = service
  signals.onReload(createReload({ file, config, log, apply, onOutcome: metrics.reloaded }))
  await signals.ended
  await inTime(service.close(linger))
}
