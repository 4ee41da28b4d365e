import { once } from 'node:events'
import { connect, createServer } from 'node:net'

export interface Balancer {
  readonly url: string
  close(): Promise<void>
}

/** One address for several servers of 127.0.0.1, which get its connections in turn. */
export async function startBalancer(ports: readonly number[]): Promise<Balancer> {
  let turn = 0
  const server = createServer((client) => {
    const port = ports[turn % ports.length]
    turn += 1
    if (port === undefined) return client.destroy()
    const upstream = connect(port, '127.0.0.1')
    for (const [one, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      one.on('error', () => {}).pipe(other)
      one.on('close', () => other.destroy())
    }
    return undefined
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return {
    url: `http://127.0.0.1:${address.port}`,
    async close() {
      server.close()
      await once(server, 'close')
    },
  }
}
