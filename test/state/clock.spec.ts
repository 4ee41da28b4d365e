import { expect } from 'chai'
import { startClock } from '../../src/state/clock.ts'

describe('the clock of a store', () => {
  const real = { date: Date.now, performance: performance.now }
  const minute = 60_000
  const start = 1_795_000_000_000
  let passed: number
  let ahead: number

  beforeEach(() => {
    passed = 0
    ahead = 0
    Date.now = () => start + passed + ahead
    performance.now = () => passed
  })
  afterEach(() => {
    Date.now = real.date
    performance.now = real.performance
  })

  const times = (clock: ReturnType<typeof startClock>) =>
    [clock.earliest(), clock.latest()].map((each) => each - start - passed)

  it('says one time as long as nobody sets it', () => {
    const clock = startClock(60)
    for (passed = 0; passed < 10 * minute; passed += minute / 2) {
      expect(times(clock)).to.deep.equal([0, 0])
    }
  })

  it('says both of two, however late it is asked for the first time after it was set', () => {
    for (const days of [30, -30]) {
      ahead = 0
      const clock = startClock(60)
      passed += 10 * minute
      ahead = days * 86_400_000
      expect(times(clock)).to.deep.equal([Math.min(0, ahead), Math.max(0, ahead)])
    }
  })

  it('believes what was said all the time that it remembers, and forgets the other', () => {
    const clock = startClock(60)
    ahead = 86_400_000
    const seen: string[] = []
    for (passed = 0; passed <= 3 * minute; passed += minute / 2) seen.push(times(clock).join(' '))
    expect(seen.slice(0, 3)).to.deep.equal(Array(3).fill('0 86400000'))
    expect(seen.at(-1)).to.equal('86400000 86400000')
  })

  it('remembers a time that it said for a moment alone', () => {
    const clock = startClock(60)
    ahead = -3_600_000
    clock.latest()
    ahead = 0
    passed = 0.9 * minute
    expect(times(clock)).to.deep.equal([-3_600_000, 0])
  })
})
