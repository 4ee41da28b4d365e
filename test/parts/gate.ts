import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import type { RedisServer } from './redis.ts'
import { until } from './until.ts'

export interface Gate {
  /** One before each node. */
  readonly ports: readonly number[]
  /**
   * Does it with every reply held back until nothing more is asked, and counts how often they had
   * to be let through.
   */
  roundTrips(act: () => Promise<unknown>): Promise<number>
  close(): Promise<void>
}

/** Milliseconds without a word either way, after which everybody waits for a reply. */
const quiet = 60

/** Stands before every node of a Cluster: from now on they give its ports for theirs. */
export async function startGate(nodes: readonly RedisServer[]): Promise<Gate> {
  const held: (() => void)[] = []
  let holding = false
  let lastWord = 0

  const gates = await Promise.all(
    nodes.map(async (node) => {
      const sockets = new Set<Socket>()
      const server = createServer((client) => {
        const upstream = connect(node.port, node.host)
        for (const socket of [client, upstream]) {
          sockets.add(socket.setNoDelay(true).on('error', () => {}))
          socket.on('close', () => [client, upstream].map((each) => each.destroy()))
        }
        client.on('data', (chunk) => {
          lastWord = performance.now()
          upstream.write(chunk)
        })
        upstream.on('data', (chunk) => {
          lastWord = performance.now()
          const pass = () => void client.write(chunk)
          if (holding) held.push(pass)
          else pass()
        })
      })
      server.listen(0, '127.0.0.1')
      await once(server, 'listening')
      const address = server.address()
      if (address === null || typeof address === 'string') throw new Error('no port')
      await node.command('CONFIG', 'SET', 'cluster-announce-port', String(address.port))
      return { port: address.port, server, sockets }
    }),
  )
  for (const node of nodes) {
    await until(
      () => node.command('CLUSTER', 'SLOTS'),
      (slots) => gates.every(({ port }) => slots.includes(`:${port}\r\n`)),
    )
  }

  const letThrough = () => {
    for (const pass of held.splice(0)) pass()
  }

  return {
    ports: gates.map(({ port }) => port),
    async roundTrips(act) {
      let trips = 0
      let over = false
      holding = true
      const acting = act().finally(() => {
        over = true
      })
      while (!over) {
        await pause(5)
        if (held.length === 0 || performance.now() < lastWord + quiet) continue
        trips += 1
        letThrough()
        await pause(5)
      }
      holding = false
      letThrough()
      await acting
      return trips
    },
    async close() {
      for (const { server, sockets } of gates) {
        for (const socket of sockets) socket.destroy()
        server.close()
        await once(server, 'close')
      }
    },
  }
}
