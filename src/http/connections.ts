import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import { type InNetworks, inNetworks, neighbourhoodOf, networkOf } from '../users/network.ts'
import { forwardedAddress, plain } from './arrival.ts'
import { idleSeats } from './idle-seats.ts'

/** Bounds on slow, idle and numerous peers. Times are in milliseconds. */
export interface ConnectionLimits {
  /** For the head of a request, and for the handshake of TLS. */
  readonly headersTimeout: number
  /** For a whole request. */
  readonly requestTimeout: number
  /** For the next request. */
  readonly keepAliveTimeout: number
  /** For a peer that does not take its answer. */
  readonly unreadTimeout: number
  /** Bytes of the head of a request. */
  readonly headersLimit: number
  readonly connections: number
  readonly connectionsPerAddress: number
  /** Networks of proxies, whose connections are those of many. */
  readonly trusted: readonly string[]
}

/** Where no request is given, of the connection itself: another one, or its first request would be their second. */
export type PartyOf = (request?: IncomingMessage) => unknown

/** For a listener that is not open to everybody, such as that of the metrics. */
export const usualLimits: ConnectionLimits = {
  headersTimeout: 5000,
  requestTimeout: 10_000,
  keepAliveTimeout: 5000,
  unreadTimeout: 10_000,
  headersLimit: 16_384,
  connections: 2000,
  connectionsPerAddress: 500,
  trusted: [],
}

/** Why a connection was ended or not taken. */
export const reasons = [
  'full',
  'address',
  'barred',
  'made_room',
  'pipelining',
  'handshake',
  'slow_request',
  'malformed',
  'idle',
  'unread',
] as const
export type Reason = (typeof reasons)[number]

export interface Connections {
  readonly limits: ConnectionLimits
  /** A new connection: takes it, perhaps in the place of an idle one, and says whose it is; or ends it and says no. */
  arrive(socket: Socket): PartyOf | false
  /** Tells to whom a request of the connection is counted: a /24 of IPv4, a /64 of IPv6, or, where a proxy does not say, the connection. */
  partyOf(socket: Socket): PartyOf
  /** A connection waits for a request: the longest idle one makes room for another. */
  idle(socket: Socket): void
  /** It waits no longer: it has a request, or is closed. */
  busy(socket: Socket): void
  isIdle(socket: Socket): boolean
  /** Ends a connection that floods, and takes none from its address for a while. */
  bar(socket: Socket): void
  /** Counts the end of a connection, which the caller brings about. */
  ended(reason: Reason): void
  load(): { readonly open: number; readonly ended: ReadonlyMap<Reason, number> }
}

/** Milliseconds for which nothing is taken from an address that flooded: each flood costs as much as several connections do. */
const barredFor = 10_000
/** Addresses that are remembered for it; beyond, the oldest is forgotten. */
const mostBarred = 10_000

/** Milliseconds between two reports of refusals for one reason: a flood must not flood the log. */
const reportInterval = 60_000

/** From this share of all connections on, each new one takes the place of an idle one. */
const nearlyFull = 0.9

/** Keeps account of the connections of one listener. `onRefused` hears of those that are not taken, once a minute. */
export function createConnections(
  limits: ConnectionLimits,
  onRefused: (reason: Reason) => void = () => {},
): Connections {
  const isProxy = inNetworks(limits.trusted)
  const perNetwork = new Map<string, number>()
  const waiting = idleSeats()
  const barred = new Map<string, number>()
  const counts = new Map<Reason, number>()
  const reported = new Map<Reason, number>()
  let open = 0

  const ended = (reason: Reason) => {
    counts.set(reason, (counts.get(reason) ?? 0) + 1)
  }
  const refuse = (socket: Socket, reason: Reason): false => {
    ended(reason)
    socket.destroy()
    const now = performance.now()
    if (now - (reported.get(reason) ?? Number.NEGATIVE_INFINITY) >= reportInterval) {
      reported.set(reason, now)
      onRefused(reason)
    }
    return false
  }
  const count = (network: string, change: 1 | -1): number => {
    const now = (perNetwork.get(network) ?? 0) + change
    if (now === 0) perNetwork.delete(network)
    else perNetwork.set(network, now)
    return now
  }
  const isBarred = (network: string): boolean => {
    const until = barred.get(network)
    if (until === undefined) return false
    if (until > performance.now()) return true
    barred.delete(network)
    return false
  }
  const makeRoom = () => {
    const longest = waiting.longest()
    if (longest === undefined) return
    waiting.leave(longest)
    ended('made_room')
    longest.destroy()
  }

  return {
    limits,
    arrive(socket) {
      const address = addressOfPeer(socket, isProxy)
      const network = address && networkOf(address)
      const ofNetwork = network === undefined ? 0 : count(network, 1)
      open += 1
      socket.once('close', () => {
        open -= 1
        if (network !== undefined) count(network, -1)
      })
      if (network !== undefined && isBarred(network)) return refuse(socket, 'barred')
      if (ofNetwork > limits.connectionsPerAddress) return refuse(socket, 'address')
      if (open > limits.connections) return refuse(socket, 'full')
      if (open > limits.connections * nearlyFull) makeRoom()
      return partyOf(socket, address, isProxy)
    },
    partyOf: (socket) => partyOf(socket, addressOfPeer(socket, isProxy), isProxy),
    idle(socket) {
      if (!socket.destroyed) waiting.take(socket)
    },
    busy: waiting.leave,
    isIdle: (socket) => waiting.has(socket),
    bar(socket) {
      ended('pipelining')
      const address = addressOfPeer(socket, isProxy)
      socket.destroy()
      if (address === undefined) return
      const [oldest] = barred.keys()
      if (oldest !== undefined && barred.size >= mostBarred) barred.delete(oldest)
      barred.set(networkOf(address), performance.now() + barredFor)
    },
    ended,
    load: () => ({ open, ended: counts }),
  }
}

/** Undefined where the peer speaks for many, or has no address: a proxy, a unix socket. */
function addressOfPeer({ remoteAddress }: Socket, isProxy: InNetworks): string | undefined {
  const address = plain(remoteAddress ?? '')
  return address === '' || isProxy(address) ? undefined : address
}

function partyOf(socket: Socket, peer: string | undefined, isProxy: InNetworks): PartyOf {
  if (peer !== undefined) {
    const own = neighbourhoodOf(peer)
    const coming = `${own} comes`
    return (request) => (request === undefined ? coming : own)
  }
  return (request) => {
    const address = request && forwardedAddress(request.headers, isProxy)
    return address === undefined ? socket : neighbourhoodOf(address)
  }
}
