import { once } from 'node:events'
import type { Server } from 'node:http'

/** Starts a server on a free port of 127.0.0.1; `close` ends its connections too. */
export async function listen(
  server: Server,
  scheme: 'http' | 'https' = 'http',
): Promise<{ url: string; port: number; close(): Promise<void> }> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return {
    url: `${scheme}://127.0.0.1:${address.port}`,
    port: address.port,
    async close() {
      server.close()
      server.closeAllConnections()
      await once(server, 'close')
    },
  }
}
