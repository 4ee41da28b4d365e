import { once } from 'node:events'
import { createServer } from 'node:net'

/** Ports of one process of a run: below those that systems give to connections, with room for the buses of Clusters above. */
const [lowest, each] = [11_000, 3000]
const first = lowest + (Number(process.env.MOCHA_WORKER_ID ?? 0) % 3) * each
let last = Math.floor(Math.random() * each)

/** A TCP port of 127.0.0.1 that was free a moment ago, and is given to nobody else in this run. */
export async function freePort(): Promise<number> {
  for (;;) {
    last = (last + 1) % each
    const port = first + last
    const server = createServer().listen(port, '127.0.0.1')
    const listens = await once(server, 'listening').then(
      () => true,
      () => false,
    )
    if (!listens) continue
    server.close()
    await once(server, 'close')
    return port
  }
}
