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

/** Requests of one connection that may wait for those before them: those that came in one packet. */
const mostWaiting = 16

type Exchange = readonly [IncomingMessage, ServerResponse]

interface Line {
  readonly partyOf: PartyOf
  readonly waiting: Exchange[]
  /** Whether one is under way. */
  busy: boolean
  /** Whether nothing more is to be read, as what was read waits. */
  held: boolean
}

/**
 * Handles the requests of a connection one after the other, as their answers go out in that order
 * anyhow (RFC 9112 section 9.3.2), and lets the parties begin theirs in turns. Nothing more is read of a connection while
 * anything of it waits. Node would begin all that came in one packet at once, keep the answers of a peer that reads
 * none of them, and read whatever is there on all connections before anything has its turn.
 */
export function inTurn(
  handler: RequestListener,
  turns: Turns,
  { partyOf, onBusy, onIdle, onFlood }: ConnectionHooks,
): RequestListener {
  const lines = new WeakMap<Socket, Line>()

  const lineOf = (socket: Socket): Line => {
    const line: Line = { partyOf: partyOf(socket), waiting: [], busy: false, held: false }
    lines.set(socket, line)
    // At the end of each request that it finds Node has the connection read on, be it paused meanwhile or not; and
    // it reads no more when told so, which pause() does not do of a connection that is paused.
    socket.on('resume', () => line.held && socket.emit('pause'))
    return line
  }
  const next = (socket: Socket, line: Line, [req, res]: Exchange) => {
    const begun = turns.take(line.partyOf(req), () => {
      if (socket.destroyed) return
      // Those that wait behind it came after all of it. Otherwise its body may be on its way, and its peer may leave.
      if (line.held && line.waiting.length === 0) release(socket, line)
      res.once('close', () => {
        const following = line.waiting.shift()
        if (following !== undefined && !socket.destroyed) return next(socket, line, following)
        line.busy = false
        onIdle(socket)
      })
      handler(req, res)
    })
    if (!begun) hold(socket, line)
  }

  return (req, res) => {
    const { socket } = req
    if (socket.destroyed) return
    const line = lines.get(socket) ?? lineOf(socket)
    if (!line.busy) {
      line.busy = true
      onBusy(socket)
      next(socket, line, [req, res])
    } else if (line.waiting.length < mostWaiting) {
      line.waiting.push([req, res])
      hold(socket, line)
    } else {
      line.waiting.length = 0
      readNoMore(socket)
      onFlood(socket)
    }
  }
}

function hold(socket: Socket, line: Line): void {
  line.held = true
  socket.pause()
}

function release(socket: Socket, line: Line): void {
  line.held = false
  // It may be paused for Node's parser only, and then resume() would do nothing.
  socket.pause().resume()
}

/**
 * Node's parser keeps this on the socket, and has no public way to be stopped within a packet: it would read a
 * thousand requests more and make an error of each. 2 is what it is told where a connection is no longer HTTP (upgrade).
 */
function readNoMore(socket: Socket & { parser?: { onIncoming: () => number } | null }): void {
  if (socket.parser) socket.parser.onIncoming = () => 2
}
