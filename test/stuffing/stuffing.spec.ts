import { expect } from 'chai'
import { type Outcome, stuff } from './run.ts'
import { fromWithin } from './scenarios.ts'

/** So long that no guess beyond the free ones is looked at while the spec runs. */
const slow = { free: 5, delay: '1h', longest: '1h', forget: '2h' }
const limits = { account: 5, address: 10, client: 25 }
const throttle = {
  account: slow,
  address: { limit: limits.address, window: '1h' },
  client: { limit: limits.client, window: '1h' },
}

describe('RFC 6749 section 10.10: passwords stuffed in', () => {
  const outcomes: Outcome[] = []
  before(async function () {
    this.timeout(180_000)
    for await (const outcome of stuff({ size: 30, throttle })) outcomes.push(outcome)
  })

  it('reach the hash no more often than the limits say [ROP-07]', () => {
    expect(outcomes).to.have.lengthOf(4)
    for (const { scenario, guesses } of outcomes) {
      const { by, times } = scenario.bound
      expect(guesses.sent, scenario.name).to.equal(30)
      const most = limits[by] * times + fromWithin(scenario)
      expect(guesses.judged, scenario.name).to.be.within(1, most)
    }
  })

  it('keep no user out who is at home [ROP-07]', () => {
    for (const { scenario, fromHome } of outcomes) {
      expect(fromHome, scenario.name).to.deep.equal({ sent: 32, judged: 32, refused: 0 })
    }
  })

  it('are no reason to keep those out elsewhere whom nobody guesses at [ROP-07]', () => {
    const [oneAccount] = outcomes
    expect(oneAccount?.fromElsewhere).to.deep.equal({ sent: 8, judged: 7, refused: 1 })
  })
})
