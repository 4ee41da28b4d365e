import { createConnections, usualLimits } from './connections.ts'
import { type Listen, type Listener, listen } from './listen.ts'
import type { Metrics } from './metrics.ts'

/** GET /metrics, on a listener of its own. Throws the system's error when the place is taken or forbidden. */
export function listenForMetrics({ read }: Pick<Metrics, 'read'>, at: Listen): Promise<Listener> {
  return listen(
    async (req, res) => {
      if (req.url !== '/metrics' || req.method !== 'GET') {
        res.writeHead(404).end()
        return
      }
      res.writeHead(200, { 'Content-Type': 'text/plain; version=0.0.4; charset=utf-8' })
      res.end(await read())
    },
    at,
    undefined,
    createConnections(usualLimits),
  )
}
