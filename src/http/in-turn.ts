import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { PartyOf } from './connections.ts'
import type { Turns } from './turns.ts'

export interface ConnectionHooks {
  /** To whom the requests of a connection are counted. */
  readonly partyOf: (socket: Socket) => PartyOf
  /** Before the first request of a connection that had none under way. */
  readonly onBusy: (socket: Socket) => void
  /** After the last. */
  readonly onIdle: (socket: Socket) => void
  /** A connection has too many requests waiting; they are forgotten. */
  readonly onFlood: (socket: Socket) => void
}

/** Requests of one connection that may wait for those before them. */
const mostWaiting = 16
/** Bytes that may have been read of them, beyond those that came with the first: Node keeps up to 64 KiB of each. */
const mostBytesWaiting = 16_384

type Exchange = readonly [IncomingMessage, ServerResponse]

interface Line {
  readonly partyOf: PartyOf
  readonly waiting: Exchange[]
  /** Whether one is under way. */
  busy: boolean
  /** Bytes of the connection that were read when the first began to wait. */
  readBefore: number
}

/**
 * Handles the requests of a connection one after the other, as their answers go out in that order
 * anyhow (RFC 9112 section 9.3.2), and lets the parties begin theirs in turns. Node would begin all
 * that came in one packet at once, and keep the answers of a peer that reads none of them.
 */
export function inTurn(
  handler: RequestListener,
  turns: Turns,
  { partyOf, onBusy, onIdle, onFlood }: ConnectionHooks,
): RequestListener {
  const lines = new WeakMap<Socket, Line>()

  const lineOf = (socket: Socket): Line => {
    const line: Line = { partyOf: partyOf(socket), waiting: [], busy: false, readBefore: 0 }
    lines.set(socket, line)
    return line
  }
  const next = (socket: Socket, line: Line, [req, res]: Exchange) =>
    turns.take(line.partyOf(req), () => {
      if (socket.destroyed) return
      res.once('close', () => {
        const following = line.waiting.shift()
        if (following !== undefined && !socket.destroyed) return next(socket, line, following)
        line.busy = false
        onIdle(socket)
      })
      handler(req, res)
    })

  return (req, res) => {
    const { socket } = req
    if (socket.destroyed) return
    const line = lines.get(socket) ?? lineOf(socket)
    if (!line.busy) {
      line.busy = true
      onBusy(socket)
      next(socket, line, [req, res])
    } else if (mayWait(socket, line)) line.waiting.push([req, res])
    else {
      line.waiting.length = 0
      readNoMore(socket)
      onFlood(socket)
    }
  }
}

function mayWait({ bytesRead }: Socket, line: Line): boolean {
  const { length } = line.waiting
  if (length === 0) line.readBefore = bytesRead
  return length < mostWaiting && bytesRead - line.readBefore <= mostBytesWaiting
}

/**
 * Node's parser keeps this on the socket, and has no public way to be stopped within a packet: it would read a
 * thousand requests more and make an error of each. 2 is what it is told where a connection is no longer HTTP (upgrade).
 */
function readNoMore(socket: Socket & { parser?: { onIncoming: () => number } | null }): void {
  if (socket.parser) socket.parser.onIncoming = () => 2
}
