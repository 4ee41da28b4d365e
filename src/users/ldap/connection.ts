import { connect as connectTcp, type Socket } from 'node:net'
import { type ConnectionOptions, connect as connectTls } from 'node:tls'
import { Client } from 'ldapts'

export interface ServerOptions {
  /** ldap://… or ldaps://… */
  readonly url: string
  readonly startTls: boolean
  readonly ca: string | undefined
  /** Milliseconds for connecting with TLS, and again for each request. */
  readonly patience: number
}

/** A connection that ends once and is not opened again behind our back. */
export interface LdapConnection {
  readonly client: Client
  alive(): boolean
  end(): void
}

/** Throws when the server cannot be reached, or not safely. */
export async function connectLdap(options: ServerOptions): Promise<LdapConnection> {
  const { url, startTls, ca, patience } = options
  const { hostname } = new URL(url)
  const host = hostname.replace(/^\[(.*)\]$/, '$1')
  const tls: ConnectionOptions = {
    minVersion: 'TLSv1.2',
    host,
    ...(ca !== undefined && { ca }),
    ...(/^[\d.]+$|:/.test(host) ? {} : { servername: host }),
  }
  let socket: Socket | undefined
  // ldapts connects anew on its own, which after StartTLS would send the password in the clear.
  const once = (open: () => Socket) => {
    if (socket) throw new Error('the connection has ended')
    socket = open()
    return socket
  }
  const secure = url.startsWith('ldaps:')
  const client = new Client({
    url,
    timeout: patience,
    connectTimeout: patience,
    ...(secure && { tlsOptions: tls }),
    createConnection: ((port: number, to: string) =>
      once(() => connectTcp(port, to))) as typeof connectTcp,
    ...(secure && {
      createSecureConnection: ((port: number, to: string, how: ConnectionOptions) =>
        once(() => connectTls(port, to, how))) as typeof connectTls,
    }),
  })
  const connection: LdapConnection = {
    client,
    alive: () => socket === undefined || !socket.destroyed,
    end: () => void socket?.destroy(),
  }
  if (startTls) await upgrade(connection, tls, patience)
  return connection
}

// A server that never ends its side of the handshake would keep ldapts waiting for ever.
async function upgrade(connection: LdapConnection, tls: ConnectionOptions, patience: number) {
  const timer = setTimeout(connection.end, patience)
  try {
    await connection.client.startTLS(tls)
  } catch (error) {
    connection.end()
    throw error
  } finally {
    clearTimeout(timer)
  }
}
