import { readFileSync } from 'node:fs'
import { expect } from 'chai'
import { openState, type StateOptions } from '../../src/state/index.ts'
import type { State } from '../../src/state/state.ts'
import {
  type Program,
  type RedisServer,
  startCluster,
  startRedis,
  startReplica,
  startSentinel,
} from '../parts/redis.ts'
import { tidied } from '../parts/tidy.ts'
import { until } from '../parts/until.ts'
import { everything } from './everything.ts'
import { login, rotation } from './login.ts'
import { outcomeOf, recovered } from './outcomes.ts'

export function clusterOptions(nodes: readonly RedisServer[]): StateOptions {
  return { url: 'redis://cluster', cluster: nodes.map(({ port }) => `127.0.0.1:${port}`) }
}

const [line = ''] = readFileSync(new URL('../../config/redis-acl.conf', import.meta.url), 'utf8')
  .split('\n')
  .filter((each) => each.startsWith('user '))
const account = 'latchkey:replace-this-password'

/** How a master may end. */
const ends = {
  dies: (master: RedisServer) => master.kill(),
  freezes: async (master: RedisServer) => master.pause(),
}

/** All that the state says to a server, over every way there is to run one. */
export function servesEveryTopology(
  program: Program,
  failures: readonly (keyof typeof ends)[],
): void {
  describe('with a replica', () => {
    const kept = tidied()

    it('acknowledges what the replica has too, as far as config/redis-acl.conf allows', async () => {
      const master = kept(await startRedis({ program, directives: [line] }))
      const replica = kept(await startReplica(master))
      const url = `redis://${account}@${master.host}:${master.port}`
      const state = kept(await openState({ url, replicas: 1, replicaTimeout: 5000 }))
      await everything(state)
      const { id } = await state.openFamily(login())
      await state.endFamily(id)
      expect(await replica.command('EXISTS', `latchkey:family:${id}`)).to.equal(':0\r\n')
    })

    it('acknowledges nothing that was done over another connection and the replica has not', async () => {
      const master = kept(await startRedis({ program }))
      const replica = kept(await startReplica(master))
      const options = { url: master.url, replicas: 1, replicaTimeout: 50 }
      const state = kept(await openState(options))
      const other = kept(await openState(options))
      const [ended, rotated] = [await state.openFamily(login()), await state.openFamily(login())]
      await state.save('AccessToken', 'one', {}, 60)
      const turn = rotation(rotated.id, 1)
      const steps = (state: State) => [
        state.endFamily(ended.id),
        state.remove('AccessToken', 'one'),
        state.rotate(turn),
        state.rotate(rotation(rotated.id, 1)),
      ]
      const none = Array.from({ length: 4 }, () => 'StateUnavailable')
      replica.pause()
      expect(await Promise.all(steps(state).map(outcomeOf))).to.deep.equal(none)
      expect(await Promise.all(steps(other).map(outcomeOf))).to.deep.equal(none)
      replica.resume()
      await until(
        async () => (await Promise.all(steps(other).map(outcomeOf))).join(),
        (outcomes) => outcomes === 'done,done,done,done',
      )
      expect(await other.findFamily(rotated.id)).to.include({ generation: 2 })
      expect(await replica.command('EXISTS', `latchkey:family:${ended.id}`)).to.equal(':0\r\n')
    })
  })

  describe('with Sentinel', () => {
    const kept = tidied()

    for (const how of failures) {
      it(`moves to the new master with everything acknowledged when the old one ${how}`, async () => {
        const master = kept(await startRedis({ program }))
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

        await ends[how](master)
        expect(await outcomeOf(state.findFamily(alive.id))).to.equal('StateUnavailable')
        await recovered(state)
        expect(await state.findFamily(alive.id)).to.include({ generation: 2 })
        expect(await state.findFamily(ended.id)).to.equal(undefined)
        // It is alone now, so it may not acknowledge.
        expect(await outcomeOf(state.endFamily(alive.id))).to.equal('StateUnavailable')
      })
    }
  })

  describe('behind TLS and an access list', () => {
    const kept = tidied()

    it('speaks TLS to a server whose authority it was given, and to no other', async () => {
      const redis = kept(await startRedis({ program, tls: true }))
      const state = kept(await openState({ url: redis.url, ca: redis.ca }))
      await everything(state)
      await state.close()
      const stranger = kept(await openState({ url: redis.url, timeout: 300 }))
      expect(await outcomeOf(stranger.check())).to.equal('StateUnavailable')
    })

    it('needs no more than config/redis-acl.conf allows', async () => {
      const redis = kept(await startRedis({ program, directives: [line, 'user default off'] }))
      const url = `redis://${account}@${redis.host}:${redis.port}`
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
      const nodes = (await startCluster(program)).map(kept)
      for (const node of nodes) await node.command('ACL', 'SETUSER', ...line.split(' ').slice(1))
      const url = `redis://${account}@cluster`
      const state = kept(await openState({ ...clusterOptions(nodes), url }))
      await everything(state)
    })
  })
}
