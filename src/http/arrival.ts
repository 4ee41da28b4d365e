import { randomUUID } from 'node:crypto'
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import type { RequestFacts } from '../oauth/request.ts'
import { type InNetworks, inNetworks } from '../users/network.ts'

export type Arrive = (req: IncomingMessage) => RequestFacts

/**
 * Gives each request an id and an address. X-Forwarded-For counts only as far as trusted proxies
 * vouch for it: the right-most hop that is not one of them (RFC 9700 section 4.13).
 */
export function arriveVia(trusted: readonly string[]): Arrive {
  const isProxy = inNetworks(trusted)
  const peers = new WeakMap<Socket, Peer>()
  const meet = (socket: Socket): Peer => {
    const peer = peerOf(socket, isProxy)
    peers.set(socket, peer)
    return peer
  }
  return ({ socket, headers }) => {
    const { peer, viaProxy } = peers.get(socket) ?? meet(socket)
    const address = (viaProxy ? forwardedAddress(headers, isProxy) : undefined) ?? peer
    return { id: randomUUID(), address, viaProxy }
  }
}

/** Whom trusted proxies have met; undefined where they do not say. */
export function forwardedAddress(
  headers: IncomingHttpHeaders,
  isProxy: InNetworks,
): string | undefined {
  const hops = [headers['x-forwarded-for'] ?? []].flat().join().split(',')
  const forwarded = hops.map((hop) => plain(hop.trim())).filter((hop) => hop !== '')
  return forwarded.findLast((hop) => !isProxy(hop))
}

/** Who is at the other end of a connection: the same for all its requests. */
interface Peer {
  readonly peer: string
  readonly viaProxy: boolean
}

function peerOf(socket: Socket, isProxy: InNetworks): Peer {
  const peer = plain(socket.remoteAddress ?? '')
  // A unix socket has no peer address: whoever may open it is the proxy.
  return { peer, viaProxy: peer === '' || isProxy(peer) }
}

/** An IPv4 address that arrived on an IPv6 socket, in its own words; nothing that is no address. */
export function plain(address: string): string {
  const four = address.replace(/^::ffff:(?=\d+\.)/i, '')
  return /^[0-9a-f:.]{2,45}$/i.test(four) ? four : ''
}
