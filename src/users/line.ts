import { neighbourhoodOf } from './network.ts'

/** Who shares a line before the hashes: one client in one network, a /24 of IPv4 or a /64 of IPv6. */
export const lineOf = (client: string, address: string): string =>
  `${client} ${neighbourhoodOf(address)}`
