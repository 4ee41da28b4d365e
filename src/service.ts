import type { Config } from './config/schema.ts'
import { type ConnectionLimits, createConnections } from './http/connections.ts'
import { listen } from './http/listen.ts'
import type { Logger } from './http/log.ts'
import { createMetrics, type Metrics } from './http/metrics.ts'
import { listenForMetrics } from './http/metrics-listener.ts'
import { engineNotices } from './oauth/notices.ts'
import { openParts, type Parts } from './parts.ts'

export interface Service {
  /** Where it listens. */
  readonly url: string
  readonly metricsUrl: string | undefined
  readonly metrics: Metrics
  /** Rejects while the state or a directory does not answer. */
  ready(): Promise<void>
  /**
   * Serves by another configuration from now on; resolves when the last request under the former one
   * is answered. Throws an operator error when a part cannot be had: nothing has changed then. The
   * listeners stay where they are (config/changes.ts). Never to be called before the last call is done.
   */
  replace(config: Config, log: Logger): Promise<void>
  /**
   * Stops accepting, finishes what is in flight, closes the stores. A connection that is open without
   * a request may still bring one for `linger` milliseconds.
   */
  close(linger?: number): Promise<void>
}

/** How long requests in flight may take to finish at shutdown, in milliseconds. */
const grace = 8000
/** Longer than a request may take to arrive and be answered. */
const formerGrace = 30_000

/**
 * Builds every part once and listens, with its share of a machine that so many processes have.
 * Throws an operator error when a part cannot be had.
 */
export async function startService(config: Config, log: Logger, processes = 1): Promise<Service> {
  engineNotices(log)
  let current: Parts
  const limits = limitsOf(config, processes)
  const connections = createConnections(limits, (reason) =>
    log.warn({ reason }, 'connections are refused: see http.connections in the configuration'),
  )
  const metrics = createMetrics(
    {
      passwords: () => current.measured.passwords(),
      feed: () => current.measured.feed(),
      keys: () => current.measured.keys(),
      revocations: () => current.measured.revocations(),
    },
    connections.load,
  )
  current = await openParts(config, log, metrics, processes)
  const closing = [() => current.close(0)]
  try {
    const listener = await listen(
      (req, res) => current.handle(req, res),
      config.listen,
      config.tls,
      connections,
    )
    closing.push(() => listener.close(0, 0))
    const metricsAt = config.metrics && (await listenForMetrics(metrics, config.metrics))
    log.info({ url: listener.url, issuer: config.issuer, metrics: metricsAt?.url }, 'listening')

    let ending = false
    const replace = async (next: Config, itsLog: Logger) => {
      const parts = await openParts(next, itsLog, metrics, processes)
      try {
        if (ending) throw new Error('the server is ending')
        listener.renew(next.tls)
      } catch (error) {
        await parts.close(0)
        throw error
      }
      const former = current
      current = parts
      Object.assign(limits, limitsOf(next, processes))
      await former
        .close(formerGrace)
        .catch(({ message: error }) => itsLog.warn({ error }, 'a former part did not close'))
    }
    let replacing = Promise.resolve()

    return {
      url: listener.url,
      metricsUrl: metricsAt?.url,
      metrics,
      ready: () => current.ready(),
      replace(next, itsLog) {
        const replaced = replace(next, itsLog)
        replacing = replaced.catch(() => {})
        return replaced
      },
      async close(linger = 0) {
        ending = true
        await metricsAt?.close(0, 0)
        // Before the listener: who waits for news would keep it open.
        current.hurry()
        await listener.close(linger + grace, linger)
        await replacing
        await current.close(grace)
      },
    }
  } catch (error) {
    for (const close of closing.reverse()) await close()
    throw error
  }
}

function limitsOf({ http, proxy }: Config, processes: number): ConnectionLimits {
  return {
    ...http,
    connections: Math.ceil(http.connections / processes),
    connectionsPerAddress: Math.ceil(http.connectionsPerAddress / processes),
    trusted: proxy?.trusted ?? [],
  }
}
