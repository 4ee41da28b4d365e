import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'

export interface Proxy {
  readonly port: number
  /** Requests reach the server, replies vanish, until `heal`. */
  swallowReplies(): void
  /** Each connection is reset once it carried this many bytes of requests, until `heal`. */
  cutAfter(bytes: number): void
  /** Replies come this many milliseconds late. */
  delay(milliseconds: number): void
  /** Resets every connection and refuses new ones, until `heal`. */
  cut(): void
  heal(): void
  close(): Promise<void>
}

/** A TCP proxy on 127.0.0.1 in front of `target`, to break connections with. */
export async function startProxy(target: number, host = '127.0.0.1'): Promise<Proxy> {
  const sockets = new Set<Socket>()
  let swallowing = false
  let open = true
  let limit = Number.POSITIVE_INFINITY
  let lateness = 0

  const reset = () => {
    for (const socket of sockets) socket.resetAndDestroy()
  }

  const server = createServer((client) => {
    if (!open) return client.resetAndDestroy()
    const upstream = connect(target, host)
    let carried = 0
    for (const socket of [client, upstream]) {
      sockets.add(socket)
      socket.setNoDelay(true)
      socket.on('error', () => {})
      socket.on('close', () => {
        sockets.delete(socket)
        client.destroy()
        upstream.destroy()
      })
    }
    client.on('data', (chunk) => {
      const rest = Math.max(0, limit - carried)
      carried += chunk.length
      upstream.write(chunk.subarray(0, rest))
      if (carried >= limit) client.resetAndDestroy()
    })
    // One chain per connection keeps replies in their order, the late ones before those after `heal`.
    let earlier = Promise.resolve()
    upstream.on('data', (chunk) => {
      if (swallowing) return
      const due = performance.now() + lateness
      earlier = earlier.then(async () => {
        const wait = due - performance.now()
        if (wait > 0) await pause(wait)
        client.write(chunk)
      })
    })
    return undefined
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')

  return {
    port: address.port,
    swallowReplies: () => {
      swallowing = true
    },
    cutAfter: (bytes) => {
      limit = bytes
    },
    delay: (milliseconds) => {
      lateness = milliseconds
    },
    cut: () => {
      open = false
      reset()
    },
    heal: () => {
      // A connection that lost bytes is out of step for good.
      if (swallowing || Number.isFinite(limit)) reset()
      swallowing = false
      open = true
      limit = Number.POSITIVE_INFINITY
      lateness = 0
    },
    close: async () => {
      reset()
      server.close()
      await once(server, 'close')
    },
  }
}
