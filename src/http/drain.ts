import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import { Server as NetServer } from 'node:net'

/**
 * Stops accepting and answers what is under way, for at most `grace` milliseconds. A connection
 * without a request is left open for `linger` milliseconds, as one may be on its way; its answer
 * says that it is the last (RFC 9112 section 9.6).
 */
export async function drain(server: Server, grace: number, linger: number): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  server.prependListener('request', last)
  // That of HTTP would close those without a request at once.
  NetServer.prototype.close.call(server, () => resolve())
  const lingering = setTimeout(closeIdle, linger, server)
  const cut = setTimeout(() => server.closeAllConnections(), grace)
  await promise
  clearTimeout(lingering)
  clearTimeout(cut)
  // Ends its watch over slow requests.
  server.close()
}

const last = (_req: IncomingMessage, res: ServerResponse) => res.setHeader('Connection', 'close')

/** One that was busy is idle after its answer, and would be kept alive for the next. */
function closeIdle(server: Server): void {
  server.closeIdleConnections()
  const again = setInterval(() => server.closeIdleConnections(), 50)
  server.once('close', () => clearInterval(again))
}
