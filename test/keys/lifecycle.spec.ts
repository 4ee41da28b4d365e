import { expect } from 'chai'
import fc from 'fast-check'
import { dueStep, isAcknowledged, jwksCached, plan, type Step } from '../../src/keys/lifecycle.ts'
import { currentOf, cut, nextOf, promote, type Ring, retire, stage } from '../../src/keys/ring.ts'
import { day, schedule } from '../parts/key-ring.ts'
import { type Act, acts, firstRing, fresh, type Rules, run } from './simulation.ts'

const two = { now: 0, retention: schedule.retention }
const states = ({ keys }: Ring) => keys.map(({ kid, state }) => `${kid} ${state}`)

describe('the life of a signing key', () => {
  const look = (now: number, settled: number | undefined = Number.POSITIVE_INFINITY) => ({
    now,
    settled: () => settled,
  })
  const first = firstRing(0)
  const staged = stage(first, [fresh('b')], 29 * day)
  const promoted = promote(staged, 'b', 30 * day, schedule.retention)

  it('is next, current, previous and gone', () => {
    expect(states(first)).to.deep.equal(['a current'])
    expect(dueStep(first, look(29 * day - 1), schedule)).to.equal(undefined)
    expect(dueStep(first, look(29 * day), schedule)).to.deep.include({ kind: 'stage' })
    expect(states(staged)).to.deep.equal(['a current', 'b next'])
    expect(dueStep(staged, look(30 * day - 1), schedule)).to.equal(undefined)
    expect(dueStep(staged, look(30 * day), schedule)).to.deep.include({ kind: 'promote', kid: 'b' })
    expect(states(promoted)).to.deep.equal(['a previous', 'b current'])
    const dead = 30 * day + schedule.retention * 1000
    expect(dueStep(promoted, look(dead - 1), schedule)).to.equal(undefined)
    expect(dueStep(promoted, look(dead), schedule)).to.deep.include({ kind: 'retire', kid: 'a' })
    expect(states(retire(promoted, 'a', ['ES256']))).to.deep.equal(['b current'])
  })

  it('is published for its whole day after a time without a server', () => {
    const late = stage(first, [fresh('b')], 100 * day)
    expect(plan(late, schedule)[0]).to.deep.equal({ kind: 'promote', kid: 'b', at: 101 * day })
  })

  it('waits for the operator where rotation is off', () => {
    const off = { ...schedule, rotateEvery: 0 }
    expect(dueStep(first, look(1000 * day), off)).to.equal(undefined)
    expect(dueStep(staged, look(1000 * day), off)).to.equal(undefined)
  })

  it('begins to sign only where every live instance has published it', () => {
    const b = { stateIn: staged.version }
    const instances = (...versions: number[]) =>
      versions.map((version) => ({ ring: first.id, version }))
    expect(isAcknowledged(staged, b, instances(staged.version, staged.version + 1))).to.equal(true)
    expect(isAcknowledged(staged, b, instances(staged.version, first.version))).to.equal(false)
    expect(isAcknowledged(staged, b, [{ ring: 'another', version: 9 }])).to.equal(false)
    const everybody = Array.from({ length: 1000 }, () => staged.version)
    expect(isAcknowledged(staged, b, instances(...everybody)), 'too many to know all').to.equal(
      false,
    )
  })

  it('begins to sign only where all have published it for as long as a copy lives', () => {
    const due = (settled: number) => dueStep(staged, look(31 * day, settled), schedule)
    expect(due(jwksCached * 1000 - 1)).to.equal(undefined)
    const unknown = { now: 31 * day, settled: () => undefined }
    expect(dueStep(staged, unknown, { ...schedule, publishAhead: 0 })).to.equal(undefined)
    expect(due(jwksCached * 1000)).to.deep.include({ kind: 'promote' })
  })

  it('ends at once when it is cut, and the next one signs, or else a fresh one', () => {
    expect(states(cut(staged, 'a', undefined, two))).to.deep.equal(['a cut', 'b current'])
    expect(states(cut(first, 'a', fresh('c'), two))).to.deep.equal(['a cut', 'c current'])
    expect(states(cut(staged, 'b', undefined, two))).to.deep.equal(['a current', 'b cut'])
    expect(() => cut(first, 'a', undefined, two)).to.throw(/one is needed before/)
    const [key] = cut(first, 'a', fresh('c'), two).keys
    expect(key).not.to.have.property('material')
  })

  it('does not begin anew once it was cut', () => {
    const without = cut(staged, 'b', undefined, two)
    expect(() => stage(without, [fresh('b')], 1)).to.throw(/was cut as compromised/)
    expect(() => promote(without, 'b', 1, 60)).to.throw(/is cut/)
  })

  it('does not end by retirement while it signs for an API', () => {
    expect(() => retire(first, 'a', ['ES256'])).to.throw(/keys rotate.*keys emergency/)
    expect(retire(first, 'a', ['EdDSA']).keys).to.deep.equal([])
  })
})

describe('rings under any course of events', () => {
  const check = (rules: Rules) =>
    fc.check(
      fc.property(acts, (course: Act[]) => {
        run(course, rules)
      }),
      { numRuns: 300, seed: 20261121 },
    )

  it('skip no state, have one current key, publish before signing and while tokens live', () => {
    const { failed, counterexample, errorInstance } = check({ dueStep })
    expect(failed, `${JSON.stringify(counterexample)}: ${errorInstance}`).to.equal(false)
  })

  const planted: readonly { name: string; says: RegExp; rules: Rules }[] = [
    {
      name: 'promotion without acknowledgement',
      says: /signs, but a live instance does not publish it/,
      rules: {
        dueStep(ring, { now, settled }, given) {
          const next = nextOf(ring, 'ES256')?.kid
          return dueStep(
            ring,
            { now, settled: (kid) => (kid === next ? 1e12 : settled(kid)) },
            given,
          )
        },
      },
    },
    {
      name: 'promotion of what was hardly published',
      says: /signs, but copies of the JWK Set may lack it/,
      rules: {
        dueStep(ring, look, given) {
          const next = nextOf(ring, 'ES256')
          const known = next && look.settled(next.kid) !== undefined
          return known ? { kind: 'promote', kid: next.kid } : dueStep(ring, look, given)
        },
      },
    },
    {
      name: 'retirement before the last token is dead',
      says: /is gone, but a token of it lives/,
      rules: {
        dueStep(ring, look, given): Step | undefined {
          const previous = ring.keys.find(({ state }) => state === 'previous')
          return previous ? { kind: 'retire', kid: previous.kid } : dueStep(ring, look, given)
        },
      },
    },
    {
      name: 'two current keys',
      says: /two current keys/,
      rules: {
        dueStep,
        applied: (ring) => ({
          ...ring,
          keys: ring.keys.map((key) => (key.state === 'next' ? { ...key, state: 'current' } : key)),
        }),
      },
    },
  ]
  for (const { name, says, rules } of planted) {
    it(`would be seen to be wrong: ${name}`, () => {
      const { failed, errorInstance } = check(rules)
      expect(failed).to.equal(true)
      expect(String(errorInstance)).to.match(says)
    })
  }

  it('always have a key that signs', () => {
    expect(currentOf(firstRing(0), 'ES256')?.kid).to.equal('a')
  })
})
