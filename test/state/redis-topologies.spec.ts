import { setImmediate as otherWork, setTimeout as pause } from 'node:timers/promises'
import { expect } from 'chai'
import { openState } from '../../src/state/index.ts'
import { slotOf } from '../../src/state/redis-slot.ts'
import type { Family, State } from '../../src/state/state.ts'
import { moveSlot, startReplicaOf, startReplicatedCluster } from '../faults/cluster.ts'
import { freePort } from '../parts/port.ts'
import {
  type RedisServer,
  startCluster,
  startRedis,
  startReplica,
  usualProgram,
} from '../parts/redis.ts'
import { tidied } from '../parts/tidy.ts'
import { until } from '../parts/until.ts'
import { conformsToState } from './conformance.ts'
import { fresh, login, rotation } from './login.ts'
import { outcomeOf, recovered } from './outcomes.ts'
import { putForward } from './put-forward.ts'
import { clusterOptions, servesEveryTopology } from './topologies.ts'

describe('state in Redis', () => servesEveryTopology(usualProgram, ['dies', 'freezes']))

describe('state in Redis Cluster', () => {
  const kept = tidied()

  conformsToState(async () => {
    const nodes = await startCluster()
    return {
      options: clusterOptions(nodes),
      empty: async () => {
        for (const node of nodes) await node.command('FLUSHALL')
      },
      putForward: (id, by) => putForward(nodes, id, by),
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
    await moveSlotOf(`latchkey:family:${moved.id}`, nodes)
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

  it('lets nothing live again whose end was lost with one node of several', async () => {
    const nodes = (await startCluster()).map(kept)
    const state = kept(await openState(clusterOptions(nodes)))
    const ended: { family: Family; jti: string }[] = []
    for (let index = 0; index < 12; index++) {
      const family = await state.openFamily(login({ sub: fresh('user') }))
      await state.cutOff({ kind: 'user', sub: family.sub })
      const jti = fresh('jti')
      await state.revokeToken(jti, 60)
      ended.push({ family, jti })
    }
    const live = await state.openFamily(login())
    for (const node of nodes) {
      await node.command('FLUSHALL')
      for (const { family, jti } of ended) {
        expect(await state.findFamily(family.id)).to.equal(undefined)
        expect(await state.rotate(rotation(family.id, 1))).to.deep.equal({ outcome: 'gone' })
        const token = { jti, family: live.id, sub: live.sub, clientId: live.clientId, issuedAt: 0 }
        expect(await state.tokenStanding(token)).to.deep.equal({ live: false })
      }
    }
    const { id } = await state.openFamily(login())
    expect(await state.findFamily(id)).to.include({ id })
  })

  it('has a replica of each node acknowledge, also after a slot moved', async () => {
    const nodes = (await startCluster()).map(kept)
    await Promise.all(
      nodes.map(async (node) => {
        const replica = kept(await startReplicaOf(node, nodes))
        await until(
          () => replica.command('INFO', 'replication'),
          (info) => info.includes('master_link_status:up'),
        )
      }),
    )
    const state = kept(
      await openState({ ...clusterOptions(nodes), replicas: 1, replicaTimeout: 2000 }),
    )
    const families = await Promise.all(Array.from({ length: 9 }, () => state.openFamily(login())))
    for (const { id } of families) {
      expect(await state.rotate(rotation(id, 1))).to.include({ outcome: 'rotated' })
    }
    const [moved] = families
    await moveSlotOf(`latchkey:family:${moved?.id}`, nodes)
    await state.endFamily(String(moved?.id))
    expect(await state.findFamily(String(moved?.id))).to.equal(undefined)
  }).timeout(60_000)
})

describe('state in Redis Cluster with replicas, whose connections are cut', () => {
  const kept = tidied()

  it('takes no reply for another: what lives is never gone, whatever else it is', async () => {
    const { masters, nodes } = kept(await startReplicatedCluster())
    const state = kept(await openState({ ...clusterOptions(nodes), replicas: 1, timeout: 500 }))
    const outcomes = new Set<string>()
    let over = false
    const families = await Promise.all(Array.from({ length: 30 }, () => state.openFamily(login())))
    const clients = families.map(async ({ id }) => {
      let generation = 1
      const turn = () => state.rotate(rotation(id, generation, { grace: 60 })).catch(() => null)
      while (!over) {
        const turned = await turn()
        outcomes.add(turned?.outcome ?? 'unknown')
        if (turned && 'generation' in turned) generation = turned.generation
        // What is refused before it is sent is refused without leaving the thread to anybody else.
        await otherWork()
      }
      const last = await until(turn, (turned) => turned !== null)
      outcomes.add(String(last?.outcome))
    })
    const both = () => outcomes.has('rotated') && outcomes.has('unknown')
    for (let cuts = 0; cuts < 25 || (cuts < 60 && !both()); cuts++) {
      // Ever further apart, so that some meet commands under way, and some let them pass on a busy machine, too.
      await pause(10 * cuts)
      for (const master of await masters())
        await master.command('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes')
    }
    const meanwhile = [...outcomes]
    over = true
    await Promise.all(clients)
    expect(meanwhile).to.include('rotated').and.to.include('unknown')
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

/** The node that has a slot, as CLUSTER KEYSLOT writes it. */
const nodeOf = (nodes: readonly RedisServer[], slot: string): number =>
  Math.floor(Number(slot.slice(1)) / Math.ceil(16_384 / nodes.length))

/** Gives the slot of `key`, with what is in it, from its node to the next. */
async function moveSlotOf(key: string, nodes: readonly RedisServer[]): Promise<void> {
  const reply = (await nodes[0]?.command('CLUSTER', 'KEYSLOT', key)) ?? ''
  const from = nodeOf(nodes, reply)
  const [source, target] = [nodes[from], nodes[(from + 1) % nodes.length]]
  if (!source || !target) throw new Error('no such node')
  await moveSlot(nodes, Number(reply.slice(1)), source, target)
}
