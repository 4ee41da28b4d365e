import { join } from 'node:path'
import type { StateOptions } from '../../src/state/index.ts'
import { type Proxy as BreakingProxy, startProxy } from '../parts/proxy.ts'
import {
  type Launch,
  type Program,
  type RedisServer,
  startRedis,
  startReplica,
  startSentinel,
} from '../parts/redis.ts'
import { until } from '../parts/until.ts'
import { lasting, startReplicatedCluster } from './cluster.ts'
import { makeNamespace, type Namespace } from './namespace.ts'

interface Common {
  /** `state` in the configuration of each server. */
  readonly options: readonly [StateOptions, StateOptions]
  /** The way that no fault is put into, for the operator. */
  readonly direct: StateOptions
  /** Where a server must run, if not here. */
  readonly places?: readonly [Place | undefined, Place | undefined]
  stop(): Promise<void>
}

export interface Place {
  readonly host: string
  readonly launch: Launch
}

export interface SqliteStore extends Common {
  readonly file: string
}

export interface RedisStore extends Common {
  /** Every Redis there is, Sentinels aside. */
  readonly nodes: readonly RedisServer[]
  /** The one, or ones, that take writes now. */
  masters(): Promise<readonly [RedisServer, ...RedisServer[]]>
  /** Resolves when every node is in its place and every master has a replica in step, if it is to have one. */
  whole(): Promise<void>
  /** Between each server and a lone Redis. */
  readonly proxies: readonly BreakingProxy[]
  readonly sentinel?: RedisServer
  /** What the first node and the first server are in, if they can be cut off together. */
  readonly namespace?: Namespace
}

/** Milliseconds after which an outcome is unknown; short, so that a cell sees many. */
const timeout = 500
const replicaTimeout = 500

async function sqlite(_: Program, folder: string): Promise<SqliteStore> {
  const file = join(folder, 'state.sqlite')
  const options = { url: `sqlite:${file}` }
  return { file, options: [options, options], direct: options, stop: async () => {} }
}

async function redis(program: Program): Promise<RedisStore> {
  const server = await startRedis({ program, directives: lasting })
  const proxies = [await startProxy(server.port), await startProxy(server.port)] as const
  const through = (port: number) => ({ url: `redis://127.0.0.1:${port}`, timeout })
  return {
    nodes: [server],
    masters: async () => [server],
    whole: async () => {},
    proxies,
    options: [through(proxies[0].port), through(proxies[1].port)],
    direct: through(server.port),
    async stop() {
      await Promise.all(proxies.map((proxy) => proxy.close()))
      await server.stop()
    },
  }
}

const sentinel = async (program: Program) =>
  watched(await startRedis({ program, directives: lasting }))

/** The first master behind a cable, and the first server with it: cut off, they still have each other. */
async function split(program: Program): Promise<RedisStore> {
  const namespace = makeNamespace()
  const { words, inside: host, outside, remove } = namespace
  const store = await watched(
    await startRedis({ program, directives: lasting, host, launch: { words } }),
    outside,
  )
  return {
    ...store,
    namespace,
    places: [{ host: namespace.lasting, launch: { words } }, undefined],
    async stop() {
      await store.stop()
      remove()
    },
  }
}

/** A master, a replica, and a Sentinel; the latter two at `host`. */
async function watched(first: RedisServer, host = first.host): Promise<RedisStore> {
  const nodes = [first, await startReplica(first, lasting, host)]
  const watcher = await startSentinel(first, 'main', host)
  const options = {
    url: 'redis://sentinel',
    sentinel: { name: 'main', hosts: [`${host}:${watcher.port}`] },
    replicas: 1,
    replicaTimeout,
    timeout,
  }
  const masters = async () => {
    const said = await watcher.command('SENTINEL', 'get-master-addr-by-name', 'main')
    return [nodes.find(({ port }) => said.includes(`\r\n${port}\r\n`)) ?? first] as const
  }
  return {
    nodes,
    masters,
    async whole() {
      await until(
        async () => {
          const [master] = await masters()
          for (const node of nodes) await follow(node, master)
          return master.command('INFO', 'replication').catch(String)
        },
        (info) => info.includes('role:master') && info.includes('state=online'),
        30_000,
      )
    },
    proxies: [],
    sentinel: watcher,
    options: [options, options],
    direct: options,
    async stop() {
      await watcher.stop()
      for (const node of nodes) await node.stop()
    },
  }
}

/** What Sentinel would order a master that came back a few seconds later. */
async function follow(node: RedisServer, master: RedisServer): Promise<void> {
  if (node === master) return
  const info = await node.command('INFO', 'replication').catch(String)
  if (info.includes('role:master') || !info.includes(`master_port:${master.port}`))
    await node.command('REPLICAOF', master.host, String(master.port)).catch(() => {})
}

async function cluster(program: Program): Promise<RedisStore> {
  const { nodes, masters, whole, stop } = await startReplicatedCluster(program)
  const options = {
    url: 'redis://cluster',
    cluster: nodes.map(({ port }) => `127.0.0.1:${port}`),
    replicas: 1,
    replicaTimeout,
    timeout,
  }
  return { nodes, masters, whole, proxies: [], options: [options, options], direct: options, stop }
}

/** Each is started with the program that was asked for, in a folder of its own. */
export const topologies = { sqlite, redis, sentinel, split, cluster }
export type TopologyName = keyof typeof topologies
export type Store = SqliteStore | RedisStore
