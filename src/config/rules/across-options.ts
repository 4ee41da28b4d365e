import { BlockList, isIP } from 'node:net'
import type { Finding, Path } from '../faults.ts'
import type { Config } from '../schema.ts'

type Check = (config: Partial<Config>) => Finding[]

/** What the schema cannot say because it takes more than one option. A rule is one entry here. */
export const checks: readonly Check[] = [
  check(['issuer'], ({ issuer }) =>
    isHttps(issuer) || isLoopback(new URL(issuer).hostname)
      ? []
      : fault(['issuer'], 'write https://…: http is for a loopback address alone'),
  ),
  check(['development', 'issuer'], ({ development, issuer }) =>
    development && !isLoopback(new URL(issuer).hostname)
      ? fault(
          ['development'],
          'leave it out: development has known passwords, and this issuer is not on loopback',
        )
      : [],
  ),
  check(['development', 'listen'], ({ development, listen }) =>
    development && 'host' in listen && !isLoopback(listen.host)
      ? fault(['listen', 'host'], 'write 127.0.0.1: development listens on loopback alone')
      : [],
  ),
  check(['listen', 'tls', 'proxy'], ({ listen, tls, proxy }) =>
    'host' in listen && !isLoopback(listen.host) && !tls && !proxy
      ? fault(
          ['listen', 'host'],
          'passwords would cross the network in the clear: set `tls`, or `proxy.trusted` when a proxy terminates TLS, or listen on 127.0.0.1',
        )
      : [],
  ),
  check(['state'], ({ state }) => {
    if (!state.url.startsWith('sqlite:'))
      return state.sentinel && state.cluster
        ? fault(['state', 'cluster'], 'write `sentinel` or `cluster`, not both')
        : []
    const foreign = (['sentinel', 'cluster', 'ca'] as const).filter((name) => state[name])
    return foreign.flatMap((name) =>
      fault(['state', name], 'leave it out: it is for Redis, and this store is SQLite'),
    )
  }),
]

/** A rule over some options; it is silent when one of them is broken already. */
function check<K extends keyof Config>(
  needs: readonly K[],
  find: (parts: Pick<Config, K>) => Finding[],
): Check {
  return (config) => (needs.every((name) => name in config) ? find(config as Pick<Config, K>) : [])
}

const fault = (path: Path, message: string): Finding[] => [{ path, message }]

const isHttps = (url: string) => new URL(url).protocol === 'https:'

const loopback = new BlockList()
loopback.addSubnet('127.0.0.0', 8, 'ipv4')
loopback.addAddress('::1', 'ipv6')

function isLoopback(host: string): boolean {
  const address = host.replace(/^\[(.*)\]$/, '$1')
  const family = isIP(address)
  if (family === 0) return address === 'localhost' || address.endsWith('.localhost')
  return loopback.check(address, family === 6 ? 'ipv6' : 'ipv4')
}
