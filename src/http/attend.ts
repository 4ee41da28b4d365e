import type { RequestListener, Server, ServerResponse } from 'node:http'
import { Server as TlsServer } from 'node:https'
import type { Socket } from 'node:net'
import type { Connections } from './connections.ts'
import { inTurn } from './in-turn.ts'
import { answerToMalformed } from './malformed.ts'

/** Requests of one connection that may wait for those before them. */
const mostWaiting = 16

/** Makes a server serve the connections that are taken, and end those that are too slow or too much. */
export function attend(server: Server, handler: RequestListener, connections: Connections): void {
  watch(server, connections)
  serve(server, handler, connections)
}

function watch(server: Server, connections: Connections): void {
  server.on('connection', connections.arrive)
  server.on(server instanceof TlsServer ? 'secureConnection' : 'connection', (socket: Socket) => {
    // Until a request is there the connection is as idle as one between two of them.
    connections.idle(socket)
    socket.once('close', () => connections.busy(socket))
  })
  server.on('tlsClientError', () => connections.ended('handshake'))
  server.on('timeout', (socket) => {
    connections.ended(connections.isIdle(socket) ? 'idle' : 'unread')
    socket.destroy()
  })
}

function serve(server: Server, handler: RequestListener, connections: Connections): void {
  const answering = new WeakMap<Socket, ServerResponse>()
  const { unreadTimeout } = connections.limits
  const handle: RequestListener = (req, res) => {
    const { socket } = req
    answering.set(socket, res)
    socket.setTimeout(0)
    // When the answer is complete; Node sets the time for the next request once it is sent.
    res.once('prefinish', () => socket.setTimeout(unreadTimeout))
    handler(req, res)
  }
  const turns = {
    onBusy: connections.busy,
    onIdle: connections.idle,
    onFlood(socket: Socket) {
      withoutTraces(socket)
      connections.bar(socket)
    },
  }
  server.on('request', inTurn(handle, mostWaiting, turns))
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Socket) => {
    const { status, octets } = answerToMalformed(error)
    if (error.code !== 'ECONNRESET') {
      connections.ended(status === 408 ? 'slow_request' : 'malformed')
    }
    // Within an answer that has begun, a second one would be taken for a part of it.
    const begun = answering.get(socket)
    const clear = begun === undefined || !begun.headersSent || begun.writableFinished
    if (socket.writable && clear) socket.write(octets)
    socket.destroy()
  })
}

/**
 * Node ends each request of a closed connection with an error of its own. A thousand of them would
 * have a thousand stack traces, more work than all the rest, and nobody to read them.
 */
function withoutTraces(socket: Socket): void {
  const { stackTraceLimit } = Error
  socket.prependOnceListener('close', () => {
    Error.stackTraceLimit = 0
  })
  socket.once('close', () => {
    Error.stackTraceLimit = stackTraceLimit
  })
}
