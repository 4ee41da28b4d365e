import cluster from 'node:cluster'
import { readFileSync } from 'node:fs'
import { chmod, lstat, unlink } from 'node:fs/promises'
import { createServer, type RequestListener, type Server } from 'node:http'
import { createServer as createTlsServer, Server as TlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { attend } from './attend.ts'
import type { Connections } from './connections.ts'
import { drain } from './drain.ts'

export type Listen = { readonly host: string; readonly port: number } | { readonly socket: string }

export interface Tls {
  readonly cert: string
  readonly key: string
  readonly clientCa?: string | undefined
}

export interface Listener {
  /** Where it listens, as a URL or as `unix:PATH`. */
  readonly url: string
  /** Reads the certificate and its key again: new connections get them. Throws where they are no good. */
  renew(tls: Tls | undefined): void
  /** Stops accepting, and lets connections finish (drain.ts). Times are in milliseconds. */
  close(grace: number, linger: number): Promise<void>
}

/** Listens; throws the system's error when the place is taken or forbidden. */
export async function listen(
  handler: RequestListener,
  at: Listen,
  tls: Tls | undefined,
  connections: Connections,
): Promise<Listener> {
  const options = parserOptions(connections)
  const server = tls === undefined ? createServer(options) : secured(options, tls)
  // A head that is not too large is never too long: Node would leave out what is beyond the count.
  server.maxHeadersCount = 0
  attend(server, handler, connections)
  await bind(server, at, connections.limits.connections)
  return {
    url: urlOf(server, at, tls),
    renew(renewed) {
      if (renewed && server instanceof TlsServer) server.setSecureContext(credentials(renewed))
    },
    close: (grace, linger) => drain(server, grace, linger),
  }
}

const parserOptions = ({ limits }: Connections) => ({
  headersTimeout: limits.headersTimeout,
  requestTimeout: limits.requestTimeout,
  // How late a timeout may be noticed.
  connectionsCheckingInterval: Math.min(1000, limits.headersTimeout),
  keepAliveTimeout: limits.keepAliveTimeout,
  handshakeTimeout: limits.headersTimeout,
  maxHeaderSize: limits.headersLimit,
  // What is kept of a body that nobody reads yet.
  highWaterMark: 16_384,
})

function secured(options: ReturnType<typeof parserOptions>, tls: Tls): TlsServer {
  return createTlsServer({
    ...options,
    ...credentials(tls),
    // Asked for, not demanded: who needs one is the client's registration (RFC 8705 section 2).
    requestCert: tls.clientCa !== undefined,
    rejectUnauthorized: false,
  })
}

const credentials = (tls: Tls) => ({
  minVersion: 'TLSv1.2' as const,
  cert: readFileSync(tls.cert),
  key: readFileSync(tls.key),
  ...(tls.clientCa && { ca: readFileSync(tls.clientCa) }),
})

/** `backlog`: connections that may wait in the kernel's line; of more it drops some, which are tried again after a second. */
async function bind(server: Server, at: Listen, backlog: number): Promise<void> {
  // A worker's is that of its primary, and in use.
  if ('socket' in at && cluster.isPrimary) await removeStaleSocket(at.socket)
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  server.once('error', reject)
  const place = 'socket' in at ? { path: at.socket } : { port: at.port, host: at.host }
  server.listen({ ...place, backlog }, resolve)
  await promise
  server.off('error', reject)
  if ('socket' in at) await chmod(at.socket, 0o660)
}

/** A socket stays where a server was killed, and nobody could listen there again. */
export async function removeStaleSocket(path: string): Promise<void> {
  const found = await lstat(path).catch(() => undefined)
  if (found?.isSocket()) await unlink(path)
}

function urlOf(server: Server, at: Listen, tls: Tls | undefined): string {
  if ('socket' in at) return `unix:${at.socket}`
  const { port } = server.address() as AddressInfo
  const host = at.host.includes(':') ? `[${at.host}]` : at.host
  return `${tls === undefined ? 'http' : 'https'}://${host}:${port}`
}
