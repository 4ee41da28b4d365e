import { BlockList, isIPv6 } from 'node:net'

export type InNetworks = (address: string) => boolean

/** Tells of addresses whether they are in one of some networks, in CIDR notation. */
export function inNetworks(cidrs: readonly string[]): InNetworks {
  // A look into the list takes 5 us, which every connection would pay where most configurations name none.
  if (cidrs.length === 0) return () => false
  const list = new BlockList()
  for (const cidr of cidrs) {
    const [network = '', bits] = cidr.split('/')
    list.addSubnet(network, Number(bits), isIPv6(network) ? 'ipv6' : 'ipv4')
  }
  return (address) => list.check(address, isIPv6(address) ? 'ipv6' : 'ipv4')
}

/** What guesses are counted by: IPv6 hosts own a /64; IPv4 ones a single address. */
export const networkOf = (address: string): string =>
  address.includes(':') ? groups(address, 4) : address

/** Where one is at home: a /24 of IPv4, a /64 of IPv6. */
export const neighbourhoodOf = (address: string): string =>
  address.includes(':') ? groups(address, 4) : address.replace(/\.\d+$/, '')

/** What one provider or one attacker may have to choose from: a /24 of IPv4, a /48 of IPv6. */
export const widerNetworkOf = (address: string): string =>
  address.includes(':') ? groups(address, 3) : address.replace(/\.\d+$/, '')

/** The first groups of an IPv6 address, written in one way. */
function groups(address: string, count: number): string {
  const [head = '', tail = ''] = address.split('::', 2)
  const left = head.split(':').filter((group) => group !== '')
  const right = tail.split(':').filter((group) => group !== '')
  const missing = address.includes('::') ? 8 - left.length - right.length : 0
  return [...left, ...Array<string>(Math.max(0, missing)).fill('0'), ...right]
    .slice(0, count)
    .map((group) => group.toLowerCase().replace(/^0+(?=.)/, ''))
    .join(':')
}
