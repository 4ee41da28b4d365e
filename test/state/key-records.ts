import { expect } from 'chai'
import type { State } from '../../src/state/state.ts'
import { until } from '../parts/until.ts'
import { fresh } from './login.ts'

/** Part of the conformance suite: what servers know of their signing keys together. */
export function keepsKeyRecords(states: () => readonly State[], empty: () => Promise<void>): void {
  const instances = async (state: State) => (await state.keyReports([])).instances

  describe('the ring of the signing keys', () => {
    let state: State
    before(() => {
      const [first] = states()
      if (first === undefined) throw new Error('no connection')
      state = first
    })

    it('is replaced by one of a hundred who saw the same version', async () => {
      await empty()
      expect(await state.keyRing()).to.equal(undefined)
      for (const version of [1, 2]) {
        const outcomes = await Promise.all(
          Array.from({ length: 100 }, (_, i) =>
            (states()[i % states().length] ?? state).replaceKeyRing(version - 1, {
              version,
              text: `ring ${i}\nof a hundred`,
            }),
          ),
        )
        expect(outcomes.filter(Boolean)).to.have.lengthOf(1)
        const text = `ring ${outcomes.indexOf(true)}\nof a hundred`
        expect(await state.keyRing()).to.deep.equal({ version, text })
      }
    })

    it('is left alone by who saw none, or a version that was not there', async () => {
      const found = await state.keyRing()
      for (const expected of [0, 1, 3])
        expect(await state.replaceKeyRing(expected, { version: 9, text: '' })).to.equal(false)
      expect(await state.keyRing()).to.deep.equal(found)
    })

    it('is said to be served by those who live', async () => {
      const [instance, other] = [fresh('instance'), fresh('instance')]
      const report = { ring: 'r', version: 1, signed: {} }
      await state.reportKeys({ ...report, instance }, 0.3)
      await (states()[1] ?? state).reportKeys({ ...report, instance: other, version: 2 }, 30)
      expect(await instances(state)).to.have.deep.members([
        { instance, ring: 'r', version: 1 },
        { instance: other, ring: 'r', version: 2 },
      ])
      await until(
        () => instances(state),
        (live) => live.length === 1,
      )
      await state.reportKeys({ ...report, instance: other, version: 3 }, 30)
      expect(await instances(state)).to.deep.equal([{ instance: other, ring: 'r', version: 3 }])
      await state.reportKeys({ ...report, instance: other }, 0)
      expect(await instances(state)).to.deep.equal([])
    })

    it('has its signatures counted, and the time told', async () => {
      const [kid, other] = [fresh('kid'), fresh('kid')]
      const report = { instance: fresh('instance'), ring: 'r', version: 1 }
      await Promise.all(
        states().map((each) => each.reportKeys({ ...report, signed: { [kid]: 5 } }, 30)),
      )
      const { now, signed } = await state.keyReports([kid, other])
      expect(signed).to.deep.equal({ [kid]: 5 * states().length, [other]: 0 })
      expect(now).to.be.closeTo(Date.now(), 60_000)
    })

    it('loses a key by an entry in the log', async () => {
      const { end } = await state.revocationLog()
      const kid = fresh('kid')
      await state.cutKey(kid)
      const page = await state.revocationsAfter(end, 10)
      const entries = page.gone ? [] : page.entries
      expect(entries.map(({ kind, target }) => [kind, target])).to.deep.equal([['key', kid]])
      expect(entries[0]?.at).to.be.closeTo(Date.now(), 60_000)
    })
  })
}
