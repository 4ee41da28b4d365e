import type { RequestListener, Server, ServerResponse } from 'node:http'
import { Server as TlsServer } from 'node:https'
import type { Socket } from 'node:net'
import type { Connections } from './connections.ts'
import { inTurn } from './in-turn.ts'
import { answerToMalformed } from './malformed.ts'
import { type Turns, takeTurns } from './turns.ts'

/** Requests and connections that begin between two looks at the network: at most a millisecond or so. */
const mostAtOnce = 8
/** The same while several networks wait. */
const fewAtOnce = 3
/** Whose turn it is to be told that a request took too long: theirs together. */
const late = Symbol('late')

/** Makes a server serve the connections that are taken, and end those that are too slow or too much. */
export function attend(server: Server, handler: RequestListener, connections: Connections): void {
  const turns = takeTurns(mostAtOnce, fewAtOnce)
  watch(server, connections, turns)
  serve(server, handler, connections, turns)
}

function watch(server: Server, connections: Connections, turns: Turns): void {
  const secure = server instanceof TlsServer
  // Until a request is there the connection is as idle as one between two of them.
  const expectRequest = (socket: Socket) => {
    connections.idle(socket)
    socket.once('close', () => connections.busy(socket))
  }
  const taken = server.listeners('connection')
  const begin = (socket: Socket) => {
    if (socket.destroyed) return
    for (const each of taken) Reflect.apply(each, server, [socket])
    if (!secure) socket.resume()
  }
  // Nothing is read before it is its network's turn, nor prepared for HTTP or TLS: that is most of what a connection
  // costs, and others wait to be let in. net.createServer has an option for it, and node:http does not hand it on.
  Object.assign(server, { pauseOnConnect: true })
  server.removeAllListeners('connection').on('connection', (socket: Socket) => {
    turns.arrived()
    const partyOf = connections.arrive(socket)
    if (!partyOf) return
    if (!secure) expectRequest(socket)
    turns.take(partyOf(), () => begin(socket))
  })
  if (secure) {
    server.on('secureConnection', (socket) => {
      expectRequest(socket)
      socket.resume()
    })
  }
  server.on('tlsClientError', () => connections.ended('handshake'))
  server.on('timeout', (socket) => {
    connections.ended(connections.isIdle(socket) ? 'idle' : 'unread')
    socket.destroy()
  })
}

function serve(
  server: Server,
  handler: RequestListener,
  connections: Connections,
  turns: Turns,
): void {
  const answering = new WeakMap<Socket, ServerResponse>()
  const { keepAliveTimeout, unreadTimeout } = connections.limits
  const handle: RequestListener = (req, res) => {
    const { socket } = req
    answering.set(socket, res)
    socket.setTimeout(0)
    // When the answer is complete; Node sets the time for the next request once it is sent.
    res.once('prefinish', () => socket.setTimeout(unreadTimeout))
    handler(req, res)
  }
  const hooks = {
    partyOf: connections.partyOf,
    onBusy: connections.busy,
    onIdle: (socket: Socket) => {
      connections.idle(socket)
      // Or an idle connection would keep its last exchange, which is half of what it takes.
      answering.delete(socket)
      // Longer than the answer said, as Node has it, but not as long for all: they would end and come back together.
      socket.setTimeout(keepAliveTimeout + 500 + 1000 * Math.random())
    },
    onFlood: connections.bar,
  }
  server.on('request', inTurn(handle, turns, hooks))
  const endMalformed = (error: NodeJS.ErrnoException, socket: Socket) => {
    if (socket.destroyed) return
    const { status, octets } = answerToMalformed(error)
    if (error.code !== 'ECONNRESET') {
      connections.ended(status === 408 ? 'slow_request' : 'malformed')
    }
    // Within an answer that has begun, a second one would be taken for a part of it.
    const begun = answering.get(socket)
    const clear = begun === undefined || !begun.headersSent || begun.writableFinished
    if (socket.writable && clear) socket.write(octets)
    socket.destroy()
  }
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Socket) => {
    // Node looks for them once a second, and tells of all that it found at once.
    if (error.code === 'ERR_HTTP_REQUEST_TIMEOUT')
      turns.take(late, () => endMalformed(error, socket))
    else endMalformed(error, socket)
  })
}
