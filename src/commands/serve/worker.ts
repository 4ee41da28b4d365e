import { createLog } from '../../http/log.ts'
import { type Service, startService } from '../../service.ts'
import { keepMemorySmall } from './memory.ts'
import type { Order, Word } from './messages.ts'
import { makeRoomFor } from './open-files.ts'
import { linger } from './patience.ts'

/** Serves what the primary says for as long as it says. Whatever fails is told to the primary. */
export async function serveAsWorker(): Promise<void> {
  const { promise: told, resolve: serve } = Promise.withResolvers<Order & { type: 'serve' }>()
  const { promise: ended, resolve: end } = Promise.withResolvers<number>()
  const { promise: serving, resolve: served } = Promise.withResolvers<Service>()
  process.on('message', (order: Order) => {
    if (order.type === 'serve') serve(order)
    else if (order.type === 'end') end(order.linger)
    else serving.then(report)
  })
  // The terminal and systemd signal every process: only the primary knows what is meant by SIGHUP.
  process.on('SIGHUP', () => {})
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => end(linger))

  try {
    const { config, number, of } = await told
    const log = (await createLog(config.log)).child({ worker: number })
    // The metrics of all are the primary's to tell.
    const service = await startService({ ...config, metrics: undefined }, log, of)
    keepMemorySmall()
    makeRoomFor(config.http.connections / of)
    served(service)
    await say({ type: 'serving', url: service.url })
    await service.close(await ended)
    await report(service)
  } catch (error) {
    await say({ type: 'failed', message: error instanceof Error ? error.message : String(error) })
    process.exit(1)
  }
  process.exit(0)
}

async function report({ ready, metrics }: Service): Promise<void> {
  const [isReady, snapshot] = await Promise.all([
    ready().then(
      () => true,
      () => false,
    ),
    metrics.snapshot(),
  ])
  await say({ type: 'report', report: { ready: isReady, metrics: snapshot } })
}

/** Resolves when it is said, or nobody listens any more. */
const say = (word: Word) =>
  new Promise<void>((resolve) => {
    if (process.connected) process.send?.(word, undefined, undefined, () => resolve())
    else resolve()
  })
