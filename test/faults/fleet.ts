import { join } from 'node:path'
import { hashSecret } from '../../src/clients/secrets.ts'
import type { StateOptions } from '../../src/state/index.ts'
import { cheapHash, secret } from '../parts/latchkey.ts'
import { freePort } from '../parts/port.ts'
import type { Launch } from '../parts/redis.ts'
import { until } from '../parts/until.ts'
import type { History } from './history.ts'
import { type Server, startServer } from './servers.ts'
import type { Store } from './topologies.ts'

/** Milliseconds in which each client may repeat itself. */
export const graces = { web: 2000, strict: 0, other: 0 }

/** Two server processes over one store, one set of keys and one table of users. */
export interface Fleet {
  readonly urls: readonly string[]
  server(index: number): Server
  /** Ends a server, in whatever way, starts it again and waits for it: away all the time. */
  restart(index: number, end: (server: Server) => Promise<unknown>): Promise<void>
  pauseFor(index: number, frozen: Promise<unknown>): Promise<void>
  /** Resolves when both say that they are ready. */
  ready(): Promise<void>
  stop(): Promise<void>
}

export interface FleetOptions {
  readonly launch?: Launch
  readonly places?: Store['places']
  /** What one of the two has otherwise. */
  readonly different?: (index: number, folder: string) => Record<string, unknown>
}

export async function startFleet(
  folder: string,
  options: readonly [StateOptions, StateOptions],
  history: History,
  { launch = {}, places, different = () => ({}) }: FleetOptions = {},
): Promise<Fleet> {
  const ports = [await freePort(), await freePort()]
  const config = (index: number) => ({
    issuer: 'http://127.0.0.1:1',
    listen: { host: places?.[index]?.host ?? '127.0.0.1', port: ports[index] },
    keys: join(folder, 'keys'),
    state: options[index],
    users: [{ type: 'embedded', path: join(folder, 'users.sqlite') }],
    apis,
    clients,
    passwords: { hash: cheapHash },
    throttle: { enabled: false },
    ...different(index, folder),
  })
  const start = (index: number) => startServer(config(index), places?.[index]?.launch ?? launch)
  const servers = [await start(0), await start(1)]
  const server = (index: number): Server => {
    const found = servers[index]
    if (found === undefined) throw new Error(`no server ${index}`)
    return found
  }
  const urls = servers.map(({ url }) => url)
  const away = (index: number, meanwhile: () => Promise<unknown>) =>
    history.record(index, { do: 'server away' }, async () => {
      await meanwhile()
      return { is: 'ok' }
    })

  return {
    urls,
    server,
    async restart(index, end) {
      await away(index, async () => {
        await end(server(index))
        servers[index] = await start(index)
      })
    },
    async pauseFor(index, frozen) {
      await away(index, async () => {
        server(index).pause()
        await frozen
        server(index).resume()
      })
    },
    async ready() {
      const isReady = async (url: string) =>
        (await fetch(`${url}/readyz`).catch(() => undefined))?.status === 200
      await until(
        async () => (await Promise.all(urls.map(isReady))).every((each) => each),
        (all) => all,
        30_000,
      )
    },
    async stop() {
      for (const each of servers) await each.end('SIGKILL')
    },
  }
}

const apis = [
  { audience: 'https://api.example', scopes: ['read', 'write'] },
  { audience: 'https://opaque.example', scopes: ['peek'], format: 'opaque' },
]

const secrets = [hashSecret(secret)]
const own = { grants: ['password', 'refresh_token'], secrets }
const grace = (client: keyof typeof graces) => ({ refresh: { grace: graces[client] / 1000 } })
const clients = [
  { id: 'web', ...own, ...grace('web') },
  { id: 'strict', ...own, ...grace('strict') },
  { id: 'other', ...own, ...grace('other') },
  { id: 'service', secrets, grants: ['client_credentials'] },
  { id: 'resource-server', secrets, introspectAll: true },
]
