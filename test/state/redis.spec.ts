import { hash } from 'node:crypto'
import { expect } from 'chai'
import { openState } from '../../src/state/index.ts'
import { startProxy } from '../parts/proxy.ts'
import { type RedisServer, startRedis, usualProgram } from '../parts/redis.ts'
import { tidied } from '../parts/tidy.ts'
import { until } from '../parts/until.ts'
import { conformsToState } from './conformance.ts'
import { fresh, login, rotation } from './login.ts'
import { oneServer, refusesUnsafeServers } from './one-server.ts'
import { outcomeOf, recovered } from './outcomes.ts'
import { racesBetweenProcesses } from './races.ts'

const start = oneServer(usualProgram)

/** Two users of one place. */
function sharing(placeOf: (sub: string) => string): [string, string] {
  const known = new Map<string, string>()
  for (;;) {
    const sub = fresh('user')
    const other = known.get(placeOf(sub))
    if (other !== undefined) return [other, sub]
    known.set(placeOf(sub), sub)
  }
}

describe('state in Redis', () => {
  conformsToState(start)
  racesBetweenProcesses(start)

  describe('on a server in trouble', () => {
    let redis: RedisServer
    const kept = tidied()
    const open = async (port: number, timeout = 300) =>
      kept(await openState({ url: `redis://127.0.0.1:${port}`, timeout }))

    beforeEach(async () => {
      redis = kept(await startRedis())
    })

    it('gives every key but the epoch an end', async () => {
      const state = await open(redis.port)
      const family = await state.openFamily(login())
      await state.epoch()
      await state.rotate(rotation(family.id, 1))
      await state.revokeToken(fresh('jti'), 60)
      await state.cutOff({ kind: 'user', sub: fresh('user') })
      await state.cutOff({ kind: 'client', clientId: fresh('client') })
      await state.cutOff({ kind: 'everything' }, 1)
      await state.save('AccessToken', fresh('record'), {}, 60)
      await state.once(fresh('id'), 60)
      const budget = { owner: 'one', name: fresh('budget'), limit: 5, window: 60 }
      await state.spend([budget, { ...budget, name: fresh('budget') }])
      const never = { ...budget, name: 'never spent' }
      const acquaintance = { account: 'one', origins: ['here'], ttl: 60, most: 5 }
      await state.settle({ refund: [budget, never], restore: [never], acquaintance })
      await state.spend([budget])
      await state.spend([budget])
      await state.settle({ refund: [budget], restore: [] })

      const keys = (await redis.command('KEYS', '*')).match(/^latchkey:.*$/gm) ?? []
      expect(keys.map((key) => key.split(':')[1]).sort()).to.deep.equal([
        'budget',
        'budget',
        'cutoff',
        'cutoff',
        'cutoff',
        'epoch',
        'family',
        'logins',
        'once',
        'origins',
        'record',
        'revocations',
        'revoked',
      ])
      for (const key of keys) {
        const ttl = Number((await redis.command('TTL', key)).slice(1))
        if (key === 'latchkey:epoch') expect(ttl, key).to.equal(-1)
        else expect(ttl, key).to.be.within(1, 401 * 86_400)
      }
    })

    it('keeps a cut-off for as long as a family can live', async () => {
      const state = await open(redis.port)
      await state.cutOff({ kind: 'everything' })
      const ttl = Number(
        (await redis.command('TTL', 'latchkey:cutoff:{latchkey:epoch}:everything')).slice(1),
      )
      expect(ttl).to.be.within(400 * 86_400 - 5, 400 * 86_400)
    })

    describe('the list of logins', () => {
      const keys = async () => (await redis.command('KEYS', 'latchkey:logins:*')).match(/^l.*$/gm)
      const name = async () => (await keys())?.[0]?.trim() ?? ''
      const count = async () => redis.command('ZCARD', await name())

      it('is bounded and pruned', async () => {
        const state = await open(redis.port)
        const sub = fresh('user')
        await state.openFamily(login({ sub, idle: 0.05, absolute: 0.05 }))
        expect(await count()).to.equal(':1\r\n')
        await until(count, (listed) => listed === ':0\r\n')
        for (let i = 0; i < 130; i++) await state.openFamily(login({ sub }))
        expect(await count()).to.equal(':100\r\n')
        expect(await state.familiesOf(sub, 1000)).to.have.lengthOf(100)
      })

      it('is shared by users, who crowd out and see nobody else', async () => {
        const state = await open(redis.port)
        const placeOf = (sub: string) => hash('sha256', sub).slice(0, 4)
        const markOf = (sub: string) => hash('sha256', sub).slice(4, 12)
        const [one, other] = sharing(placeOf)
        const first = await state.openFamily(login({ sub: one, absolute: 1000 }))
        const second = await state.openFamily(login({ sub: one }))
        const short = await state.openFamily(login({ sub: other, idle: 0.05, absolute: 0.05 }))
        const place = await name()
        const shortly = () => redis.command('ZSCORE', place, markOf(other) + short.id)
        expect(await shortly()).to.not.equal('$-1\r\n')
        for (let i = 0; i < 99; i++) await state.openFamily(login({ sub: other }))
        expect(await keys()).to.have.lengthOf(1)
        expect(await state.familiesOf(one, 1000)).to.have.deep.members([first, second])
        const others = await until(
          () => state.familiesOf(other, 1000),
          (living) => living.every(({ id }) => id !== short.id),
        )
        expect(others).to.have.lengthOf(99)

        const stranger = await state.openFamily(login())
        await redis.command('ZADD', place, '9999999999', markOf(one) + stranger.id)
        expect(await state.familiesOf(one, 1000)).to.have.deep.members([first, second])
        // One user's login prunes what another left behind.
        await until(
          async () => {
            await state.openFamily(login({ sub: one }))
            return shortly()
          },
          (score) => score === '$-1\r\n',
        )
      })
    })

    it('goes on after SCRIPT FLUSH', async () => {
      const state = await open(redis.port)
      const { id } = await state.openFamily(login())
      await redis.command('SCRIPT', 'FLUSH')
      expect(await state.rotate(rotation(id, 1))).to.include({ outcome: 'rotated' })
    })

    it('may come later', async () => {
      await redis.kill()
      const state = await open(redis.port)
      expect(await outcomeOf(state.check())).to.equal('StateUnavailable')
      expect(await outcomeOf(state.findFamily('any'))).to.equal('StateUnavailable')
      await redis.restart()
      await recovered(state)
      expect(await state.findFamily('any')).to.equal(undefined)
    })

    it('may be cut off while the start looks at it', async () => {
      const startsAfter = async (bytes: number) => {
        const proxy = kept(await startProxy(redis.port))
        proxy.cutAfter(bytes)
        const state = await open(proxy.port, 1000)
        const first = await outcomeOf(state.check())
        proxy.heal()
        await recovered(state)
        return first
      }
      // From the first byte of the client's own greeting to beyond the last of what the start asks.
      const lengths = Array.from({ length: 99 }, (_, index) => 1 + 3 * index)
      const outcomes = await Promise.all(lengths.map(startsAfter))
      expect(outcomes).to.include('StateUnavailable')
      expect(await startsAfter(1000)).to.equal('done')
    })

    it('loses nothing it acknowledged when it is killed', async () => {
      await redis.command('CONFIG', 'SET', 'appendfsync', 'always')
      const state = await open(redis.port)
      const [kept, ended] = [await state.openFamily(login()), await state.openFamily(login())]
      const epoch = await state.epoch()
      await state.rotate(rotation(kept.id, 1))
      await state.endFamily(ended.id)
      const log = await state.revocationsAfter('', 10)
      await redis.kill()
      await redis.restart()
      await recovered(state)
      expect(await state.epoch()).to.equal(epoch)
      expect(await state.findFamily(kept.id)).to.include({ generation: 2 })
      expect(await state.findFamily(ended.id)).to.equal(undefined)
      expect(await state.revocationsAfter('', 10)).to.deep.equal(log)
      expect(log).to.have.nested.property('entries[1].target', ended.id)
    })

    it('keeps the log for as long as an access token can live', async () => {
      const state = kept(await openState({ url: redis.url, logRetention: 1 }))
      // As many as a node of a stream holds are forgotten together.
      for (let i = 0; i < 210; i++) await state.revokeToken(fresh('jti'), 60)
      const oldest = await state.revocationsAfter('', 1)
      const { length } = await until(
        async () => {
          await state.revokeToken(fresh('jti'), 60)
          return state.revocationLog()
        },
        (log) => log.length < 210,
      )
      expect(length).to.be.above(1)
      const position = oldest.gone ? '' : String(oldest.entries[0]?.position)
      expect(await state.revocationsAfter(position, 1)).to.deep.equal({ gone: true })
      const [key = ''] = (await redis.command('KEYS', '*revocations*')).match(/^latchkey.*$/m) ?? []
      expect(await redis.command('PTTL', key.trim())).to.match(/^:\d{1,4}\r\n$/)
      const empty = await until(
        () => state.revocationLog(),
        (log) => log.length === 0,
      )
      expect(await state.revocationsAfter(empty.end, 5)).to.deep.equal({
        gone: false,
        entries: [],
        complete: true,
      })
    })

    it('is unavailable while it is frozen, and comes back', async () => {
      const state = await open(redis.port)
      const { id } = await state.openFamily(login())
      redis.pause()
      const asked = Promise.all([
        outcomeOf(state.findFamily(id)),
        outcomeOf(state.rotate(rotation(id, 1))),
        outcomeOf(state.endFamily('other')),
        outcomeOf(state.tokenStanding({ jti: 'j', sub: 's', clientId: 'c', issuedAt: 1 })),
        outcomeOf(state.check()),
      ])
      expect(new Set(await asked)).to.deep.equal(new Set(['StateUnavailable']))
      redis.resume()
      await recovered(state)
      expect(await state.findFamily(id)).to.include({ id })
    })

    it('does what it is told once when the answer is lost, and repeats it for the nonce', async () => {
      const proxy = kept(await startProxy(redis.port))
      const state = await open(proxy.port)
      const direct = await open(redis.port)
      const { id } = await state.openFamily(login())
      // The server knows the script from now on: the next one is a single command.
      await state.rotate(rotation('other', 1))
      const sent = rotation(id, 1, { grace: 0 })

      proxy.swallowReplies()
      expect(await outcomeOf(state.rotate(sent))).to.equal('StateUnavailable')
      expect(await direct.findFamily(id)).to.include({ generation: 2 })
      proxy.heal()
      await recovered(state)
      expect(await direct.findFamily(id)).to.include({ generation: 2 })
      expect(await state.rotate(sent)).to.include({ outcome: 'rotated', generation: 2 })
    })

    it('never repeats by itself what a cut connection left unanswered', async () => {
      const proxy = kept(await startProxy(redis.port))
      const state = await open(proxy.port)
      const one = { owner: 'one', name: fresh('budget'), limit: 5, window: 60 }
      await state.spend([one])
      proxy.swallowReplies()
      const asked = outcomeOf(state.spend([one]))
      await until(
        () => redis.command('GET', `latchkey:budget:{one}:${one.name}`),
        (spent) => spent.includes('\r\n2\r\n'),
      )
      proxy.cut()
      expect(await asked).to.equal('StateUnavailable')
      proxy.heal()
      await recovered(state)
      expect(await redis.command('GET', `latchkey:budget:{one}:${one.name}`)).to.include(
        '\r\n2\r\n',
      )
    })

    it('is unavailable, not wrong, when its memory is full', async () => {
      const state = await open(redis.port)
      const { id } = await state.openFamily(login())
      await redis.command('CONFIG', 'SET', 'maxmemory', '1')
      expect(await outcomeOf(state.openFamily(login()))).to.equal('StateUnavailable')
      expect(await outcomeOf(state.rotate(rotation(id, 1)))).to.equal('StateUnavailable')
      expect(await state.findFamily(id)).to.include({ generation: 1 })
      await state.endFamily(id)
      expect(await state.findFamily(id)).to.equal(undefined)
    })

    it('keeps what it was told out of its errors', async () => {
      const state = await open(redis.port)
      await redis.command('CONFIG', 'SET', 'maxmemory', '1')
      const error = await state
        .save('AccessToken', 'canary-id', { s: 'canary' }, 60)
        .catch((e) => e)
      expect(error.name).to.equal('StateUnavailable')
      expect(
        JSON.stringify([error.message, error.stack, { ...error }, error.cause]),
      ).to.not.include('canary')
    })
  })

  refusesUnsafeServers(usualProgram)
})
