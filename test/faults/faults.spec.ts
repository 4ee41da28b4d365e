import { expect } from 'chai'
import { programs, usualProgram } from '../parts/redis.ts'
import { type Bench, startBench } from './bench.ts'
import { describeViolation } from './checker.ts'
import { faults } from './faults.ts'
import { endure, type Result, run } from './run.ts'
import type { TopologyName } from './topologies.ts'

type Trials = Readonly<Record<string, number>>

/** Five minutes of `npm run faults`, in seconds each: that one takes every fault to every topology. */
const usual: Readonly<Partial<Record<TopologyName, Trials>>> = {
  sqlite: {
    none: 4,
    'server killed before a state call': 5,
    'server killed during a state call': 5,
    'server frozen': 4,
    'new signing key, at once': 5,
    'disk full': 4,
    'locked by another process': 4,
    'checkpointed and vacuumed': 4,
    emptied: 4,
  },
  redis: {
    'server killed after a state call': 5,
    'server restarted': 5,
    'Redis killed, and back from its file': 4,
    'Redis frozen': 4,
    'Redis answers late': 4,
    'Redis out of memory': 4,
    'Redis read only': 4,
    'Redis forgets scripts': 3,
    'answers lost on the way': 4,
    'connections cut': 4,
    'connections cut on the way there': 4,
    'one server cut off': 4,
    'a slow way': 5,
    'Redis emptied': 4,
  },
  sentinel: {
    'server killed during a state call': 5,
    'failover, the master killed': 8,
    'failover, the master frozen and back': 8,
    'failover, the replica behind': 8,
    'Redis without enough replicas': 4,
    'replica frozen': 4,
  },
  cluster: {
    'connections cut': 5,
    'failover, the master killed': 6,
    'failover, the master frozen and back': 6,
    'slots moved': 8,
    'Redis emptied': 4,
  },
}
const onValkey: typeof usual = {
  redis: {
    'Redis killed, and back from its file': 4,
    'answers lost on the way': 4,
  },
  sentinel: {
    'failover, the replica behind': 8,
    'failover on request': 6,
    'replica frozen': 4,
  },
  cluster: {
    'failover, the master killed': 6,
    'slots moved': 6,
  },
}

const faultOf = (name: string) => {
  const fault = faults.find((each) => each.name === name)
  if (fault === undefined) throw new Error(`there is no fault ${name}`)
  return fault
}

describe('I1 to I6 hold at two servers', function () {
  this.timeout(120_000)

  const holds = ({ violations, calls, strikes }: Result) => {
    expect(violations.map(describeViolation).join('\n')).to.equal('')
    expect(strikes).to.be.above(0)
    // Checked against calls that came to something.
    const kinds = new Set(calls.filter(({ outcome }) => outcome.is === 'ok').map((c) => c.ask.do))
    expect(kinds).to.include.keys('login', 'refresh', 'introspect login', 'introspect access')
  }

  // Where Valkey cannot be had, scripts/bootstrap says that nothing is tested on it.
  for (const program of programs) {
    const plan = Object.entries(program === usualProgram ? usual : onValkey)
    for (const [topology, trials] of plan as [TopologyName, Trials][])
      describe(`over ${topology}${program === usualProgram ? '' : `, ${program}`}`, () => {
        let bench: Bench

        before(async () => {
          bench = await startBench(topology, 1, { program })
        })
        after(() => bench[Symbol.asyncDispose]())

        for (const [name, seconds] of Object.entries(trials))
          it(name, async () => holds(await endure(bench, { fault: faultOf(name), seconds })))
      })
  }

  it("over sqlite, where the servers' clock jumps", async () => {
    const fault = faultOf("the servers' clock jumps")
    holds(await run({ fault, topology: 'sqlite', seed: 1, seconds: 5 }))
  })

  it('names every fault once, and what it can happen to', () => {
    const names = faults.map(({ name }) => name)
    expect(new Set(names).size).to.equal(names.length)
    for (const { on } of faults) expect(on).to.not.have.lengthOf(0)
  })
})
