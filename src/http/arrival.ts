import { randomUUID } from 'node:crypto'
import { BlockList, isIPv6 } from 'node:net'
import type { Middleware } from 'koa'
import { factsOf, type RequestFacts } from '../oauth/request.ts'

/**
 * Gives each request an id and an address. X-Forwarded-For counts only as far as trusted proxies
 * vouch for it: the right-most hop that is not one of them (RFC 9700 section 4.13).
 */
export function arrival(trusted: readonly string[]): Middleware {
  const proxies = blockList(trusted)
  return async (ctx, next) => {
    const peer = plain(ctx.req.socket.remoteAddress ?? '')
    // A unix socket has no peer address: whoever may open it is the proxy.
    const viaProxy = trusts(proxies, peer) || peer === ''
    const hops = viaProxy ? ctx.get('X-Forwarded-For').split(',') : []
    const forwarded = hops.map((hop) => plain(hop.trim())).filter((hop) => hop !== '')
    const facts: RequestFacts = {
      id: randomUUID(),
      address: forwarded.findLast((hop) => !trusts(proxies, hop)) ?? peer,
      viaProxy,
    }
    ctx.state = facts
    ctx.set('X-Request-Id', factsOf(ctx).id)
    await next()
  }
}

/** Whether the peer of a connection is a proxy whose headers are believed. */
export const trusts = (proxies: BlockList, address: string): boolean =>
  proxies.check(address, isIPv6(address) ? 'ipv6' : 'ipv4')

export function blockList(cidrs: readonly string[]): BlockList {
  const list = new BlockList()
  for (const cidr of cidrs) {
    const [network = '', bits] = cidr.split('/')
    list.addSubnet(network, Number(bits), isIPv6(network) ? 'ipv6' : 'ipv4')
  }
  return list
}

/** An IPv4 address that arrived on an IPv6 socket, in its own words; nothing that is no address. */
export function plain(address: string): string {
  const four = address.replace(/^::ffff:(?=\d+\.)/i, '')
  return /^[0-9a-f:.]{2,45}$/i.test(four) ? four : ''
}
