import { expect } from 'chai'
import { describeViolation } from './checker.ts'
import { faults } from './faults.ts'
import { run } from './run.ts'
import type { TopologyName } from './topologies.ts'

/** A part of `npm run faults`: that one takes every fault to every topology, for as long as one likes. */
const cells: readonly (readonly [topology: TopologyName, fault: string, seconds: number])[] = [
  ['sqlite', 'none', 4],
  ['sqlite', 'server killed before a state call', 5],
  ['sqlite', 'server killed during a state call', 5],
  ['sqlite', 'new signing key, at once', 5],
  ['sqlite', "the servers' clock jumps", 5],
  ['sqlite', 'disk full', 4],
  ['redis', 'server killed after a state call', 5],
  ['redis', 'Redis killed, and back from its file', 4],
  ['redis', 'Redis frozen', 4],
  ['redis', 'Redis out of memory', 4],
  ['redis', 'Redis read only', 4],
  ['redis', 'answers lost on the way', 4],
  ['redis', 'connections cut', 4],
  ['redis', 'a slow way', 5],
  ['redis', 'Redis emptied', 4],
  ['sentinel', 'server killed during a state call', 5],
  ['sentinel', 'failover, the master killed', 8],
  ['sentinel', 'failover, the replica behind', 8],
  ['sentinel', 'Redis without enough replicas', 4],
  ['cluster', 'connections cut', 5],
  ['cluster', 'failover, the master killed', 6],
  ['cluster', 'slots moved', 8],
]

describe('I1 to I6 hold at two servers', function () {
  this.timeout(120_000)

  for (const [topology, name, seconds] of cells) {
    it(`over ${topology}: ${name}`, async () => {
      const fault = faults.find((each) => each.name === name)
      if (fault === undefined) throw new Error(`there is no fault ${name}`)
      const { violations, calls, strikes } = await run({ fault, topology, seed: 1, seconds })
      expect(violations.map(describeViolation).join('\n')).to.equal('')
      expect(strikes).to.be.above(0)
      // Checked against calls that came to something.
      const kinds = new Set(calls.filter(({ outcome }) => outcome.is === 'ok').map((c) => c.ask.do))
      expect(kinds).to.include.keys('login', 'refresh', 'introspect login', 'introspect access')
    })
  }

  it('names every fault once, and what it can happen to', () => {
    const names = faults.map(({ name }) => name)
    expect(new Set(names).size).to.equal(names.length)
    for (const { on } of faults) expect(on).to.not.have.lengthOf(0)
  })
})
