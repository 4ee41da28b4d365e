import { setTimeout as pause } from 'node:timers/promises'
import { freePort } from '../parts/port.ts'
import {
  type Program,
  type RedisServer,
  startCluster,
  startRedis,
  usualProgram,
} from '../parts/redis.ts'
import { until } from '../parts/until.ts'

/**
 * By default a write is on its way to the file when it is answered, and a server that is killed while its disk is
 * busy has lost it.
 */
export const lasting = ['appendfsync always']

/** Milliseconds of silence after which a node counts as failed. */
const nodeTimeout = '1000'

/** A Redis Cluster of three masters, each with a replica. */
export async function startReplicatedCluster(program: Program = usualProgram) {
  const originals = await startCluster(program, lasting)
  const replicas = await Promise.all(originals.map((master) => startReplicaOf(master, originals)))
  const nodes = [...originals, ...replicas]
  for (const node of nodes) {
    await node.command('CONFIG', 'SET', 'cluster-node-timeout', nodeTimeout)
    // The vote of a master is enough, however late its replica is.
    await node.command('CONFIG', 'SET', 'cluster-replica-validity-factor', '0')
  }

  const masters = async () => {
    const infos = await Promise.all(nodes.map((node) => replication(node)))
    const [first, ...others] = nodes.filter((_, i) => infos[i]?.includes('role:master'))
    if (first === undefined) throw new Error('no masters')
    return [first, ...others] as const
  }
  const whole = async () => {
    await until(
      async () => {
        const states = await Promise.all(
          nodes.map((node) => node.command('CLUSTER', 'INFO').catch(String)),
        )
        const infos = await Promise.all(nodes.map(replication))
        const ok = states.every((state) => state.includes('cluster_state:ok'))
        const leading = infos.filter((info) => info.includes('role:master'))
        const inStep = leading.filter((info) => info.includes('state=online'))
        const following = infos.filter((info) => info.includes('master_link_status:up'))
        return [ok, leading.length, inStep.length, following.length].join()
      },
      (state) => state === 'true,3,3,3',
      60_000,
    )
  }
  await whole()
  return {
    nodes,
    masters,
    whole,
    async stop() {
      for (const node of nodes) await node.stop()
    },
  }
}

/** Nothing of a node that is frozen: it answers when it is thawed, which may wait for what others say. */
const replication = (node: RedisServer) =>
  Promise.race([node.command('INFO', 'replication'), pause(1000, '')]).catch(String)

/** One more node, which replicates `master` as soon as it can. */
export async function startReplicaOf(
  master: RedisServer,
  nodes: readonly RedisServer[],
): Promise<RedisServer> {
  const replica = await startRedis({
    program: master.program,
    directives: ['cluster-enabled yes', `cluster-port ${await freePort()}`, ...lasting],
  })
  const [, id = ''] = (await master.command('CLUSTER', 'MYID')).split('\r\n')
  const bus = /@(\d+) myself/.exec(await replica.command('CLUSTER', 'NODES'))?.[1] ?? ''
  const [first = master] = nodes
  await first.command('CLUSTER', 'MEET', '127.0.0.1', String(replica.port), bus)
  await until(
    () => replica.command('CLUSTER', 'REPLICATE', id).catch(String),
    (reply) => reply.startsWith('+OK'),
  )
  return replica
}

/** Moves a slot with all that is in it from one master to another, key by key, while it is in use. */
export async function moveSlot(
  masters: readonly RedisServer[],
  slot: number,
  source: RedisServer,
  target: RedisServer,
): Promise<void> {
  const idOf = async (node: RedisServer) =>
    (await node.command('CLUSTER', 'MYID')).split('\r\n')[1] ?? ''
  const [sourceId, targetId] = [await idOf(source), await idOf(target)]
  await target.command('CLUSTER', 'SETSLOT', String(slot), 'IMPORTING', sourceId)
  await source.command('CLUSTER', 'SETSLOT', String(slot), 'MIGRATING', targetId)
  for (;;) {
    const reply = await source.command('CLUSTER', 'GETKEYSINSLOT', String(slot), '100')
    const keys = reply.split('\r\n').filter((line) => line.includes(':'))
    if (keys.length === 0) break
    const to = ['127.0.0.1', String(target.port), '', '0', '2000', 'KEYS', ...keys]
    await source.command('MIGRATE', ...to)
  }
  for (const node of [target, source, ...masters])
    await node.command('CLUSTER', 'SETSLOT', String(slot), 'NODE', targetId)
}
