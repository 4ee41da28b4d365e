import { setTimeout as pause } from 'node:timers/promises'
import type { RedisServer } from '../parts/redis.ts'
import { until } from '../parts/until.ts'
import { moveSlot } from './cluster.ts'
import { type Fault, onRedis, type Scene } from './fault.ts'
import type { RedisStore } from './topologies.ts'

type RedisScene = Scene<RedisStore>

/** One of those that take writes. */
const victim = async ({ store, random }: RedisScene) => random.pick(await store.masters())

/** Gives a setting to one of them for a while. */
const setting =
  (name: string, hurtful: string, harmless: string) =>
  async (scene: RedisScene): Promise<void> => {
    const node = await victim(scene)
    await node.command('CONFIG', 'SET', name, hurtful)
    await pause(300 + scene.random.below(700))
    await node.command('CONFIG', 'SET', name, harmless)
  }

/** What happens to a Redis, alone or among others. */
const nodeFaults: readonly Fault[] = [
  onRedis('Redis killed, and back from its file', async (scene) => {
    const node = await victim(scene)
    await node.kill()
    // Not long enough for anybody to be voted into its place.
    await pause(scene.random.below(200))
    await node.restart()
    await scene.store.whole()
  }),
  onRedis('Redis frozen', async (scene) => {
    const node = await victim(scene)
    node.pause()
    await pause(scene.store.nodes.length > 1 ? scene.random.below(400) : 800)
    node.resume()
    await scene.store.whole()
  }),
  onRedis('Redis answers late', async (scene) => {
    const node = await victim(scene)
    const milliseconds = String(100 + scene.random.below(700))
    await node.command('CLIENT', 'PAUSE', milliseconds, 'ALL')
    await pause(1000)
    await scene.store.whole()
  }),
  onRedis('Redis out of memory', setting('maxmemory', '1', '0')),
  onRedis('Redis without enough replicas', setting('min-replicas-to-write', '9', '0')),
  onRedis('Redis forgets scripts', async (scene) => {
    for (let round = 0; round < 20; round++) {
      await (await victim(scene)).command('SCRIPT', 'FLUSH')
      await pause(20)
    }
  }),
  onRedis('Redis emptied', async ({ store, history }) => {
    await history.record(-1, { do: 'empty the store' }, async () => {
      for (const node of await store.masters()) await node.command('FLUSHALL')
      return { is: 'ok' }
    })
    await pause(500)
  }),
  onRedis('connections cut', async (scene) => {
    for (let round = 0; round < 5; round++) {
      await (await victim(scene)).command('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes')
      await pause(scene.random.below(300))
    }
  }),
  onRedis('replica frozen', replicaFrozen, ['sentinel', 'cluster']),
]

async function replicaFrozen({ store, random }: RedisScene): Promise<void> {
  const masters = await store.masters()
  const replica = store.nodes.find((node) => !masters.includes(node))
  replica?.pause()
  await pause(300 + random.below(500))
  replica?.resume()
  await store.whole()
}

/** What happens on the way to a lone Redis. */
const wayFaults: readonly Fault[] = [
  onRedis(
    'answers lost on the way',
    async ({ store, random }) => {
      for (const proxy of store.proxies) proxy.swallowReplies()
      await pause(100 + random.below(600))
      for (const proxy of store.proxies) proxy.heal()
    },
    ['redis'],
  ),
  onRedis(
    'connections cut on the way there',
    async ({ store, random }) => {
      for (const proxy of store.proxies) proxy.cutAfter(1000 + random.below(4000))
      await pause(1000)
      for (const proxy of store.proxies) proxy.heal()
    },
    ['redis'],
  ),
  onRedis(
    'one server cut off',
    async ({ store, random }) => {
      const proxy = store.proxies[random.below(2)]
      proxy?.cut()
      await pause(200 + random.below(1000))
      proxy?.heal()
    },
    ['redis'],
  ),
  onRedis(
    'a slow way',
    async ({ store, random }) => {
      for (const proxy of store.proxies) proxy.delay(50 + random.below(700))
      await pause(1500)
      for (const proxy of store.proxies) proxy.heal()
    },
    ['redis'],
  ),
  onRedis(
    'Redis read only',
    async ({ store, random }) => {
      const [redis] = store.nodes
      // A replica of nobody, which refuses writes.
      await redis?.command('CONFIG', 'SET', 'replica-serve-stale-data', 'yes')
      await redis?.command('REPLICAOF', '127.0.0.1', '1')
      await pause(300 + random.below(700))
      await redis?.command('REPLICAOF', 'NO', 'ONE')
    },
    ['redis'],
  ),
]

/** Somebody else takes the writes. */
const failovers: readonly Fault[] = [
  onRedis(
    'failover, the master killed',
    async ({ store }) => {
      const [master] = await store.masters()
      await master.kill()
      await promoted(store, master)
      await master.restart()
      await store.whole()
    },
    ['sentinel', 'cluster'],
  ),
  onRedis(
    'failover, the master frozen and back',
    async ({ store, random }) => {
      const [master] = await store.masters()
      master.pause()
      await promoted(store, master)
      await pause(random.below(500))
      master.resume()
      await store.whole()
    },
    ['sentinel', 'cluster'],
  ),
  onRedis(
    'failover, the replica behind',
    async ({ store }) => {
      const [master] = await store.masters()
      const replica = store.nodes.find((node) => node !== master)
      // It hears of nothing more, and is next.
      await replica?.command('REPLICAOF', '127.0.0.1', '1')
      await pause(700)
      await master.kill()
      await promoted(store, master)
      await master.restart()
      await store.whole()
    },
    ['sentinel'],
  ),
  onRedis(
    'failover on request',
    async ({ store }) => {
      const [master] = await store.masters()
      await store.sentinel?.command('SENTINEL', 'FAILOVER', 'main').catch(() => {})
      await promoted(store, master)
      await store.whole()
    },
    ['sentinel'],
  ),
  onRedis('failover, the master cut off with a server', cutOffTogether, ['split']),
  onRedis(
    'slots moved',
    async ({ store, random }) => {
      const masters = await store.masters()
      for (let round = 0; round < 30; round++) {
        const slot = random.below(16_384)
        const source = await ownerOf(masters, slot)
        const target = random.pick(masters)
        if (source && source !== target) await moveSlot(masters, slot, source, target)
      }
    },
    ['cluster'],
  ),
]

async function cutOffTogether({ store, random }: RedisScene): Promise<void> {
  const { namespace, nodes, sentinel } = store
  const [inside] = nodes
  if (namespace === undefined || inside === undefined) return
  namespace.cut()
  try {
    await promoted(store, inside)
    await pause(random.below(1000))
  } finally {
    namespace.join()
  }
  await store.whole()
  // Back to where it began; Sentinel wants some time between two failovers.
  await until(
    () => sentinel?.command('SENTINEL', 'FAILOVER', 'main').catch(String),
    (said) => said?.startsWith('+OK') === true,
    30_000,
  )
  await until(
    () => store.masters(),
    ([master]) => master === inside,
    30_000,
  )
  await store.whole()
}

const promoted = (store: RedisStore, old: RedisServer) =>
  until(
    () => store.masters(),
    (masters) => !masters.includes(old),
    30_000,
  )

async function ownerOf(
  masters: readonly RedisServer[],
  slot: number,
): Promise<RedisServer | undefined> {
  for (const node of masters) {
    const mine = (await node.command('CLUSTER', 'NODES'))
      .split('\n')
      .find((line) => line.includes('myself'))
    const ranges = mine?.split(' ').slice(8) ?? []
    const holds = ranges.some((range) => {
      const [first = 0, last = first] = range.split('-').map(Number)
      return first <= slot && slot <= last
    })
    if (holds) return node
  }
  return undefined
}

export const redisFaults = [...nodeFaults, ...wayFaults, ...failovers]
