import { readFileSync } from 'node:fs'
import { setImmediate as otherWork, setTimeout as pause } from 'node:timers/promises'
import { expect } from 'chai'
import { openState, type StateOptions } from '../../src/state/index.ts'
import { slotOf } from '../../src/state/redis-slot.ts'
import type { State } from '../../src/state/state.ts'
import { startReplicatedCluster } from '../faults/cluster.ts'
import { freePort } from '../parts/port.ts'
import {
  type RedisServer,
  startCluster,
  startRedis,
  startReplica,
  startSentinel,
} from '../parts/redis.ts'
import { tidied } from '../parts/tidy.ts'
import { until } from '../parts/until.ts'
import { conformsToState } from './conformance.ts'
import { fresh, login, rotation } from './login.ts'

const outcomeOf = (asked: Promise<unknown>) =>
  asked.then(
    () => 'done',
    (error: Error) => error.name,
  )

const recovered = (state: State) =>
  until(
    () => outcomeOf(state.check()),
    (outcome) => outcome === 'done',
    15_000,
  )

/** One of everything that the state says to Redis. */
async function everything(state: State): Promise<void> {
  await state.check()
  expect(await state.epoch()).to.be.a('string')
  const family = await state.openFamily(login())
  expect(await state.rotate(rotation(family.id, 1))).to.include({ outcome: 'rotated' })
  expect(await state.familiesOf(family.sub, 5)).to.have.lengthOf(1)
  const token = { jti: fresh('jti'), sub: family.sub, clientId: 'web', issuedAt: 2e9 }
  expect(await state.tokenStanding(token)).to.deep.equal({ live: true })
  await state.revokeToken(token.jti, 60)
  expect(await state.tokenStanding(token)).to.deep.equal({ live: false })
  await state.cutOff({ kind: 'user', sub: family.sub })
  expect(await state.findFamily(family.id)).to.equal(undefined)
  await state.endFamily(family.id)
  const { end } = await state.revocationLog()
  expect(await state.revocationsAfter(end, 5)).to.deep.include({ entries: [], complete: true })
  expect(await state.revocationsAfter('', 1))
    .to.have.property('entries')
    .with.lengthOf(1)
  await state.save('AccessToken', 'one', { a: 1 }, 60)
  expect(await state.find('AccessToken', 'one')).to.deep.equal({ a: 1 })
  await state.remove('AccessToken', 'one')
  expect(await state.once(fresh('id'), 60)).to.equal(true)
  expect(await state.replaceKeyRing(0, { version: 1, text: 'ring' })).to.equal(true)
  expect(await state.keyRing()).to.deep.equal({ version: 1, text: 'ring' })
  const served = { instance: fresh('instance'), ring: 'r', version: 1 }
  await state.reportKeys({ ...served, signed: { k: 2 } }, 60)
  expect(await state.keyReports(['k'])).to.deep.include({ instances: [served], signed: { k: 2 } })
  await state.reportKeys({ ...served, signed: {} }, 0)
  await state.cutKey('k')
  const budgets = [1, 1].map((limit) => ({
    owner: fresh('owner'),
    name: 'budget',
    limit,
    window: 60,
  }))
  expect(await state.spend(budgets)).to.include({ allowed: true })
  expect(await state.spend(budgets)).to.include({ allowed: false })
  await state.settle({ refund: budgets, restore: [] })
}

describe('state in Redis Cluster', () => {
  const kept = tidied()

  conformsToState(async () => {
    const nodes = await startCluster()
    return {
      options: clusterOptions(nodes),
      empty: async () => {
        for (const node of nodes) await node.command('FLUSHALL')
      },
      close: async () => {
        for (const node of nodes) await node.stop()
      },
    }
  }, 2)

  it('waits for replicas on the node that has the key, and follows a slot that moved', async () => {
    const nodes = (await startCluster()).map(kept)
    const options = { ...clusterOptions(nodes), replicas: 1, replicaTimeout: 50 }
    const state = kept(await openState(options))
    const { id } = await state.openFamily(login())
    expect(await outcomeOf(state.endFamily(id))).to.equal('StateUnavailable')
    await state.close()

    const alone = kept(await openState(clusterOptions(nodes)))
    const moved = await alone.openFamily(login())
    await moveSlot(nodes, `latchkey:family:${moved.id}`)
    expect(await alone.findFamily(moved.id)).to.deep.equal(moved)
    expect(await alone.rotate(rotation(moved.id, 1))).to.include({ outcome: 'rotated' })
  })

  it('ends nothing that it could not log before', async () => {
    const nodes = (await startCluster()).map(kept)
    const state = kept(await openState({ ...clusterOptions(nodes), timeout: 300 }))
    const [first = kept(await startRedis())] = nodes
    const slot = await first.command('CLUSTER', 'KEYSLOT', 'latchkey:epoch')
    const logNode = nodes[nodeOf(nodes, slot)]
    const families = await Promise.all(Array.from({ length: 9 }, () => state.openFamily(login())))
    const elsewhere = []
    for (const family of families) {
      const own = await first.command('CLUSTER', 'KEYSLOT', `latchkey:family:${family.id}`)
      if (nodeOf(nodes, own) !== nodeOf(nodes, slot)) elsewhere.push(family)
    }
    const [ended, reused] = elsewhere
    if (!logNode || !ended || !reused) throw new Error('all on one node')
    logNode.pause()
    expect(await outcomeOf(state.endFamily(ended.id))).to.equal('StateUnavailable')
    expect(await outcomeOf(state.rotate(rotation(reused.id, 7)))).to.equal('StateUnavailable')
    logNode.resume()
    await recovered(state)
    expect(await state.findFamily(ended.id)).to.include({ id: ended.id })
    expect(await state.rotate(rotation(reused.id, 7))).to.deep.equal({ outcome: 'reused' })
    expect(await state.findFamily(reused.id)).to.equal(undefined)
  })

  it('has a replica of each node acknowledge, also after a slot moved', async () => {
    const nodes = (await startCluster()).map(kept)
    const join = replicaInCluster(nodes)
    await Promise.all(nodes.map(async (node) => kept(await join(node))))
    const state = kept(
      await openState({ ...clusterOptions(nodes), replicas: 1, replicaTimeout: 2000 }),
    )
    const families = await Promise.all(Array.from({ length: 9 }, () => state.openFamily(login())))
    for (const { id } of families) {
      expect(await state.rotate(rotation(id, 1))).to.include({ outcome: 'rotated' })
    }
    const [moved] = families
    await moveSlot(nodes, `latchkey:family:${moved?.id}`)
    await state.endFamily(String(moved?.id))
    expect(await state.findFamily(String(moved?.id))).to.equal(undefined)
  }).timeout(60_000)
})

describe('state in Redis Cluster with replicas, whose connections are cut', () => {
  it('takes no reply for another: what lives is never gone, whatever else it is', async () => {
    const { masters, nodes, stop } = await startReplicatedCluster()
    const state = await openState({ ...clusterOptions(nodes), replicas: 1, timeout: 500 })
    const outcomes = new Set<string>()
    let over = false
    const families = await Promise.all(Array.from({ length: 30 }, () => state.openFamily(login())))
    const clients = families.map(async ({ id }) => {
      let generation = 1
      while (!over) {
        const turn = await state.rotate(rotation(id, generation, { grace: 60 })).catch(() => null)
        outcomes.add(turn?.outcome ?? 'unknown')
        if (turn && 'generation' in turn) generation = turn.generation
        // What is refused before it is sent is refused without leaving the thread to anybody else.
        await otherWork()
      }
    })
    for (let cuts = 0; cuts < 25; cuts++) {
      // At uneven times, so that some meet commands under way.
      await pause(10 * (cuts % 20))
      for (const master of await masters())
        await master.command('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes')
    }
    over = true
    await Promise.all(clients)
    await state.close()
    await stop()
    expect([...outcomes])
      .to.include('rotated')
      .and.to.include('unknown')
    expect([...outcomes])
      .to.not.include('gone')
      .and.to.not.include('reused')
  }).timeout(60_000)

  it('knows the slot of a key as the servers do', async () => {
    const redis = await startRedis({
      directives: ['cluster-enabled yes', `cluster-port ${await freePort()}`],
    })
    for (const key of ['', 'a', 'latchkey:family:x', '{a}b', 'x{a}{b}', '{}{a}', '{a', 'é{ü}']) {
      const answer = await redis.command('CLUSTER', 'KEYSLOT', key)
      expect(slotOf(key), key).to.equal(Number(answer.slice(1)))
    }
    await redis.stop()
  })
})

describe('state in Redis with replicas', () => {
  const kept = tidied()
  /** Waited for in full where the replica is frozen. */
  const replicaTimeout = 300
  let master: RedisServer
  let replica: RedisServer
  let state: State

  beforeEach(async () => {
    master = kept(await startRedis())
    replica = kept(await startReplica(master))
    state = kept(await openState({ url: master.url, replicas: 1, replicaTimeout }))
  })

  it('acknowledges what the replica has too', async () => {
    const patient = kept(await openState({ url: master.url, replicas: 1, replicaTimeout: 5000 }))
    await everything(patient)
    const { id } = await patient.openFamily(login())
    await patient.endFamily(id)
    expect(await replica.command('EXISTS', `latchkey:family:${id}`)).to.equal(':0\r\n')
  })

  it('acknowledges no revocation that the replica has not', async () => {
    const { id, sub } = await state.openFamily(login())
    const other = await state.openFamily(login())
    replica.pause()
    expect(await outcomeOf(state.endFamily(id))).to.equal('StateUnavailable')
    expect(await outcomeOf(state.revokeToken(fresh('jti'), 60))).to.equal('StateUnavailable')
    expect(await outcomeOf(state.cutOff({ kind: 'user', sub }))).to.equal('StateUnavailable')
    expect(await outcomeOf(state.rotate(rotation(other.id, 1)))).to.equal('StateUnavailable')
    expect(await outcomeOf(state.remove('AccessToken', 'any'))).to.equal('StateUnavailable')
    replica.resume()
    await until(
      () => outcomeOf(state.endFamily(id)),
      (outcome) => outcome === 'done',
    )
  })

  it('answers what needs no replica meanwhile', async () => {
    const { id } = await state.openFamily(login())
    replica.pause()
    const ending = Array.from({ length: 5 }, () => outcomeOf(state.endFamily(fresh('none'))))
    const first = await Promise.race([Promise.all(ending), state.findFamily(id)])
    expect(first).to.include({ id })
    expect(new Set(await Promise.all(ending))).to.deep.equal(new Set(['StateUnavailable']))
    replica.resume()
  })
})

describe('state in Redis with Sentinel', () => {
  const kept = tidied()

  const ends = {
    dies: (master: RedisServer) => master.kill(),
    freezes: async (master: RedisServer) => master.pause(),
  }
  for (const [how, end] of Object.entries(ends)) {
    it(`moves to the new master with everything acknowledged when the old one ${how}`, async () => {
      const master = kept(await startRedis())
      kept(await startReplica(master))
      const sentinel = kept(await startSentinel(master))
      const state = kept(
        await openState({
          url: 'redis://sentinel',
          sentinel: { name: 'main', hosts: [`127.0.0.1:${sentinel.port}`] },
          replicas: 1,
          replicaTimeout: 2000,
          timeout: 500,
        }),
      )
      await everything(state)
      const [alive, ended] = [await state.openFamily(login()), await state.openFamily(login())]
      await state.rotate(rotation(alive.id, 1))
      await state.endFamily(ended.id)

      await end(master)
      expect(await outcomeOf(state.findFamily(alive.id))).to.equal('StateUnavailable')
      await recovered(state)
      expect(await state.findFamily(alive.id)).to.include({ generation: 2 })
      expect(await state.findFamily(ended.id)).to.equal(undefined)
      // It is alone now, so it may not acknowledge.
      expect(await outcomeOf(state.endFamily(alive.id))).to.equal('StateUnavailable')
    })
  }
})

describe('state in Redis behind TLS and an access list', () => {
  const kept = tidied()

  const [line = ''] = readFileSync(new URL('../../config/redis-acl.conf', import.meta.url), 'utf8')
    .split('\n')
    .filter((each) => each.startsWith('user '))

  it('speaks TLS to a server whose authority it was given, and to no other', async () => {
    const redis = kept(await startRedis({ tls: true }))
    const state = kept(await openState({ url: redis.url, ca: redis.ca }))
    await everything(state)
    await state.close()
    const stranger = kept(await openState({ url: redis.url, timeout: 300 }))
    expect(await outcomeOf(stranger.check())).to.equal('StateUnavailable')
  })

  it('needs no more than config/redis-acl.conf allows', async () => {
    const redis = kept(await startRedis({ directives: [line, 'user default off'] }))
    const url = `redis://latchkey:replace-this-password@127.0.0.1:${redis.port}`
    for (const options of [{ url }, { url: `${url}/3` }]) {
      const state = kept(await openState(options))
      await everything(state)
      await state.close()
    }
    const other = kept(await openState({ url, prefix: 'other' }))
    expect(await outcomeOf(other.find('AccessToken', 'one'))).to.equal('StateUnavailable')
    const warnings: string[] = []
    const wrong = kept(
      await openState(
        { url: url.replace('replace-this', 'canary'), timeout: 300 },
        (_, message) => void warnings.push(message),
      ),
    )
    expect(await outcomeOf(wrong.check())).to.equal('StateUnavailable')
    expect(warnings.join()).to.include('WRONGPASS').and.not.include('canary')
  })

  it('allows a Cluster that list, too', async () => {
    const nodes = (await startCluster()).map(kept)
    for (const node of nodes) await node.command('ACL', 'SETUSER', ...line.split(' ').slice(1))
    const url = 'redis://latchkey:replace-this-password@cluster'
    const state = kept(await openState({ ...clusterOptions(nodes), url }))
    await everything(state)
  })
})

function clusterOptions(nodes: readonly RedisServer[]): StateOptions {
  return { url: 'redis://cluster', cluster: nodes.map(({ port }) => `127.0.0.1:${port}`) }
}

function replicaInCluster(nodes: readonly RedisServer[]) {
  return async (master: RedisServer) => {
    const replica = await startRedis({
      directives: ['cluster-enabled yes', `cluster-port ${await freePort()}`],
    })
    const id = (await master.command('CLUSTER', 'MYID')).split('\r\n')[1] ?? ''
    const bus = /@(\d+) myself/.exec(await replica.command('CLUSTER', 'NODES'))?.[1] ?? ''
    const [first = master] = nodes
    await first.command('CLUSTER', 'MEET', '127.0.0.1', String(replica.port), bus)
    await until(
      () => replica.command('CLUSTER', 'REPLICATE', id).catch(String),
      (reply) => reply.startsWith('+OK'),
    )
    await until(
      () => replica.command('INFO', 'replication'),
      (info) => info.includes('master_link_status:up'),
    )
    return replica
  }
}

/** The node that has a slot, as CLUSTER KEYSLOT writes it. */
const nodeOf = (nodes: readonly RedisServer[], slot: string): number =>
  Math.floor(Number(slot.slice(1)) / Math.ceil(16_384 / nodes.length))

/** Gives the slot of `key`, with what is in it, from its node to the next. */
async function moveSlot(nodes: readonly RedisServer[], key: string): Promise<void> {
  const [any] = nodes
  if (any === undefined) throw new Error('no nodes')
  const reply = await any.command('CLUSTER', 'KEYSLOT', key)
  const slot = Number(reply.slice(1))
  const from = nodeOf(nodes, reply)
  const [source, target] = [nodes[from], nodes[(from + 1) % nodes.length]]
  if (!source || !target) throw new Error('no such node')
  const idOf = async (node: RedisServer) => (await node.command('CLUSTER', 'MYID')).split('\r\n')[1]
  const [sourceId = '', targetId = ''] = [await idOf(source), await idOf(target)]
  await target.command('CLUSTER', 'SETSLOT', String(slot), 'IMPORTING', sourceId)
  await source.command('CLUSTER', 'SETSLOT', String(slot), 'MIGRATING', targetId)
  await source.command('MIGRATE', '127.0.0.1', String(target.port), key, '0', '2000')
  for (const node of nodes) {
    await node.command('CLUSTER', 'SETSLOT', String(slot), 'NODE', targetId)
  }
}
