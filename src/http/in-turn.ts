import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

export interface Turns {
  /** Before the first request of a connection that had none under way. */
  readonly onBusy: (socket: Socket) => void
  /** After the last. */
  readonly onIdle: (socket: Socket) => void
  /** A connection has more requests waiting than `most`; its waiting ones are forgotten. */
  readonly onFlood: (socket: Socket) => void
}

type Exchange = readonly [IncomingMessage, ServerResponse]

/**
 * Handles the requests of a connection one after the other, as their answers go out in that order
 * anyhow (RFC 9112 section 9.3.2). Node would begin all that came in one packet at once, and keep
 * the answers of a peer that reads none of them.
 */
export function inTurn(
  handler: RequestListener,
  most: number,
  { onBusy, onIdle, onFlood }: Turns,
): RequestListener {
  const lines = new WeakMap<Socket, Exchange[]>()

  const run = (socket: Socket, line: Exchange[], [req, res]: Exchange) => {
    res.once('close', () => {
      const next = line.shift()
      if (next !== undefined && !socket.destroyed) return run(socket, line, next)
      lines.delete(socket)
      onIdle(socket)
    })
    handler(req, res)
  }

  return (req, res) => {
    const { socket } = req
    if (socket.destroyed) return
    const line = lines.get(socket)
    if (line === undefined) {
      const first: Exchange[] = []
      lines.set(socket, first)
      onBusy(socket)
      run(socket, first, [req, res])
    } else if (line.length < most) line.push([req, res])
    else {
      line.length = 0
      onFlood(socket)
    }
  }
}
