import { connect as connectTcp, type Socket } from 'node:net'
import { type ConnectionOptions, connect as connectTls } from 'node:tls'
import { Client, type Entry, type SearchOptions } from 'ldapts'

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
  bind(dn: string, password: string): Promise<void>
  search(base: string, options: SearchOptions): Promise<Entry[]>
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
  const sockets: Socket[] = []
  const end = (why?: Error) => {
    // The one that wraps the other must go first.
    for (const [index, socket] of sockets.toReversed().entries()) {
      socket.destroy(index === 0 ? why : undefined)
    }
  }
  // ldapts connects anew on its own, which after StartTLS would send the password in the clear.
  const once = (open: () => Socket) => {
    if (sockets.length > 0) throw new Error('the connection has ended')
    const socket = open()
    sockets.push(socket)
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
    ...(startTls && {
      createSecureConnection: ((how: ConnectionOptions) => {
        const socket = connectTls(how)
        sockets.push(socket)
        return socket
      }) as typeof connectTls,
    }),
  })
  const alive = () => sockets.every((socket) => !socket.destroyed)
  // To write into TLS whose connection below is gone ends the process (node 24.21, SIGSEGV).
  const live = () => {
    if (!alive()) throw new Error('the connection has ended')
    return client
  }
  if (startTls) await upgrade(client, tls, patience, end)
  return {
    bind: async (dn, password) => live().bind(dn, password),
    search: async (base, how) => (await live().search(base, how)).searchEntries,
    alive,
    end: () => end(),
  }
}

// A server that never ends its side of the handshake would keep ldapts waiting for ever.
async function upgrade(
  client: Client,
  tls: ConnectionOptions,
  patience: number,
  end: (why?: Error) => void,
) {
  const timer = setTimeout(() => end(new Error('no TLS handshake in time')), patience)
  try {
    await client.startTLS(tls)
  } catch (error) {
    end()
    throw error
  } finally {
    clearTimeout(timer)
  }
}
