import { isIP } from 'node:net'
import { jwksCached } from '../../keys/lifecycle.ts'
import { inNetworks } from '../../users/network.ts'
import { type Finding, when } from '../faults.ts'
import type { Config } from '../schema.ts'

type Check = (config: Partial<Config>) => Finding[]

/** What the schema cannot say because it takes more than one option. A rule is one entry here. */
export const checks: readonly Check[] = [
  check(['issuer'], ({ issuer }) =>
    when(
      !isHttps(issuer) && !isLoopback(new URL(issuer).hostname),
      ['issuer'],
      'write https://…: http is for a loopback address alone',
    ),
  ),
  check(['development', 'issuer'], ({ development, issuer }) =>
    when(
      development && !isLoopback(new URL(issuer).hostname),
      ['development'],
      'leave it out: development has known passwords, and this issuer is not on loopback',
    ),
  ),
  check(['development', 'listen'], ({ development, listen }) =>
    when(
      development && leavesMachine(listen),
      ['listen', 'host'],
      'write 127.0.0.1: development listens on loopback alone',
    ),
  ),
  check(['listen', 'tls', 'proxy'], ({ listen, tls, proxy }) =>
    when(
      leavesMachine(listen) && !tls && !proxy,
      ['listen', 'host'],
      'passwords would cross the network in the clear: set `tls`, or `proxy.trusted` when a proxy terminates TLS, or listen on 127.0.0.1',
    ),
  ),
  check(['administration', 'apis'], ({ administration, apis }) => {
    const api = apis.find(({ audience }) => audience === administration?.audience)
    return [
      ...when(
        administration !== undefined && api?.format !== 'jwt',
        ['administration', 'audience'],
        'name one of `apis`, of format `jwt`',
      ),
      ...when(
        administration !== undefined && api?.scopes.includes(administration.scope) === false,
        ['administration', 'scope'],
        'name a scope of that API',
      ),
    ]
  }),
  check(['keys', 'development'], ({ keys, development }) =>
    when(
      !development && keys.publishAhead < jwksCached,
      ['keys', 'publishAhead'],
      'write 6m or more: the JWK Set may be cached for so long, and tokens of a key that is not in it are refused',
    ),
  ),
  check(['keys'], ({ keys }) =>
    when(
      keys.store && keys.seal === undefined,
      ['keys', 'seal'],
      'write a passphrase or a key: keys in the shared store must be sealed',
    ),
  ),
  check(['keys'], ({ keys }) =>
    when(
      keys.rotateEvery > 0 && keys.rotateEvery < keys.publishAhead,
      ['keys', 'rotateEvery'],
      'write more than `publishAhead`, or 0: a key is published before it signs',
    ),
  ),
  check(['state'], ({ state }) =>
    when(
      state.sentinel !== undefined && state.cluster !== undefined,
      ['state', 'cluster'],
      'write `sentinel` or `cluster`, not both',
    ),
  ),
  check(['state'], ({ state }) =>
    (['sentinel', 'cluster', 'ca'] as const).flatMap((name) =>
      when(
        state.url.startsWith('sqlite:') && state[name] !== undefined,
        ['state', name],
        'leave it out: it is for Redis, and this store is SQLite',
      ),
    ),
  ),
]

/** A rule over some options; it is silent when one of them is broken already. */
function check<K extends keyof Config>(
  needs: readonly K[],
  find: (parts: Pick<Config, K>) => Finding[],
): Check {
  return (config) => (needs.every((name) => name in config) ? find(config as Pick<Config, K>) : [])
}

const isHttps = (url: string) => new URL(url).protocol === 'https:'

const leavesMachine = (listen: Config['listen']) => 'host' in listen && !isLoopback(listen.host)

const isOwnAddress = inNetworks(['127.0.0.0/8', '::1/128'])

function isLoopback(host: string): boolean {
  const name = host.replace(/^\[(.*)\]$/, '$1')
  return isIP(name) === 0 ? name === 'localhost' || name.endsWith('.localhost') : isOwnAddress(name)
}
