import { expect } from 'chai'
import type { Revocation, State } from '../../src/state/state.ts'
import { awkward, fresh, login, rotation } from './login.ts'

/** What followed `position`, without the positions. */
async function since(state: State, position: string) {
  const page = await state.revocationsAfter(position, 1000)
  if (page.gone) throw new Error('the position is gone')
  return page.entries.map(({ kind, target, at }) => ({ kind, target, at }))
}
const endOf = async (state: State) => (await state.revocationLog()).end

const all = async (state: State, position: string, limit: number): Promise<Revocation[]> => {
  const page = await state.revocationsAfter(position, limit)
  if (page.gone) throw new Error('the position is gone')
  const last = page.entries.at(-1)
  if (page.complete || last === undefined) return [...page.entries]
  return [...page.entries, ...(await all(state, last.position, limit))]
}

/** The part of the conformance suite about those who follow revocations from outside. */
export function logsRevocations(connections: () => State[], empty: () => Promise<void>): void {
  describe('the log of revocations', () => {
    let state: State
    let other: State

    before(() => {
      const [first, second] = connections()
      if (!first || !second) throw new Error('two connections are needed')
      state = first
      other = second
    })

    it('has whatever ends before its time, as soon as it is acknowledged, for every connection', async () => {
      const start = await endOf(other)
      const before = Date.now()
      const ended = await state.openFamily(login())
      const stolen = await state.openFamily(login())
      const [jti, sub, clientId] = [fresh('jti'), fresh('user'), fresh('client')]
      const expected: Omit<Revocation, 'position' | 'at'>[] = []
      const logged = async (kind: Revocation['kind'], target: string, done: Promise<unknown>) => {
        await done
        expected.push({ kind, target })
        const seen = await entries()
        expect(seen.map(({ at: _, ...entry }) => entry)).to.deep.equal(expected)
      }
      // On a Cluster a cut-off that took long is logged again, with its new time (redis-cut-offs.ts).
      const entries = async () =>
        (await since(other, start)).filter(
          ({ kind, target }, index, all) =>
            index === 0 || kind !== all[index - 1]?.kind || target !== all[index - 1]?.target,
        )
      await logged('token', jti, state.revokeToken(jti, 60))
      await logged('family', ended.id, state.endFamily(ended.id))
      await logged('family', stolen.id, state.rotate(rotation(stolen.id, 7)))
      await logged('user', sub, state.cutOff({ kind: 'user', sub }))
      await logged('client', clientId, state.cutOff({ kind: 'client', clientId }, before))
      await logged('everything', '', state.cutOff({ kind: 'everything' }, 1))
      const times = (await entries()).map(({ at }) => at)
      expect(times.slice(4)).to.deep.equal([before, 1])
      for (const at of times.slice(0, 4)) expect(at).to.be.within(before - 1000, Date.now() + 1000)
    })

    it('has nothing of what lives, expires or was over already', async () => {
      const start = await endOf(state)
      const family = await state.openFamily(login())
      await state.rotate(rotation(family.id, 1))
      await state.rotate(rotation(family.id, 1))
      await state.endFamily(fresh('family'))
      await state.rotate(rotation(fresh('family'), 1))
      await state.revokeToken(fresh('jti'), 0)
      expect(await since(state, start)).to.deep.equal([])
      expect(await endOf(state)).to.equal(start)
    })

    it('is read in pages, none skipped, none twice, in one order for all', async () => {
      const start = await endOf(state)
      const jtis = Array.from({ length: 23 }, () => fresh('jti'))
      await Promise.all(jtis.map((jti, i) => (i % 2 ? state : other).revokeToken(jti, 60)))
      const whole = await all(state, start, 1000)
      expect(whole.map(({ target }) => target)).to.have.members(jtis)
      expect(new Set(whole.map(({ position }) => position)).size).to.equal(23)
      for (const limit of [1, 5, 22, 23, 24]) {
        expect(await all(other, start, limit), String(limit)).to.deep.equal(whole)
      }
      const { end, length } = await state.revocationLog()
      expect(end).to.equal(whole.at(-1)?.position)
      expect(length).to.be.at.least(23)
      expect((await all(state, '', 7)).slice(-23)).to.deep.equal(whole)
      for (const [i, { position }] of whole.entries()) {
        expect(await all(state, position, 4)).to.deep.equal(whole.slice(i + 1))
      }
    })

    it('keeps names that would break a careless store apart', async () => {
      const start = await endOf(state)
      for (const sub of awkward) await state.cutOff({ kind: 'user', sub }, 1)
      expect((await since(state, start)).map(({ target }) => target)).to.deep.equal(awkward)
    })

    it('has no other position', async () => {
      const { end } = await state.revocationLog()
      const [epoch = '', last = ''] = end.split('.')
      const [number = '', sequence] = last.split('-')
      const beyond = `${epoch}.${Number(number) + 1_000_000}${sequence === undefined ? '' : '-0'}`
      const stranger = `${fresh('epoch')}.${last}`
      for (const position of [beyond, stranger, 'nonsense', `${epoch}.`, `${epoch}.-`, '.1', '0']) {
        expect(await state.revocationsAfter(position, 5), position).to.deep.equal({ gone: true })
      }
    })

    it('is born with an end to everything before, and is no continuation', async () => {
      const last = await endOf(state)
      await empty()
      const now = Date.now()
      expect(await other.revocationsAfter(last, 5)).to.deep.equal({ gone: true })
      const born = await all(state, '', 5)
      expect(born).to.have.lengthOf(1)
      expect(born[0]).to.include({ kind: 'everything', target: '' })
      expect(born[0]?.at).to.be.within(now - 3000, now)
      expect(await state.revocationLog()).to.deep.equal({ end: born[0]?.position, length: 1 })
      expect(born[0]?.position.split('.')[0]).to.equal(await other.epoch())
    })

    it('is born once, however many ask', async () => {
      await empty()
      await Promise.all(
        connections().flatMap((each) => [
          each.epoch(),
          each.revocationLog(),
          each.revocationsAfter('', 1),
        ]),
      )
      expect(await since(state, '')).to.have.lengthOf(1)
    })
  })
}
