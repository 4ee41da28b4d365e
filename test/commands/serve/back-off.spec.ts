import { expect } from 'chai'
import { createBackOff } from '../../../src/commands/serve/back-off.ts'

describe('the back-off of workers that die', () => {
  it('doubles up to half a minute, and begins anew after a life of a minute', () => {
    const backOff = createBackOff(() => 0)
    const waits = Array.from({ length: 10 }, () => backOff(10))
    expect(waits).to.deep.equal([200, 400, 800, 1600, 3200, 6400, 12_800, 25_600, 30_000, 30_000])
    expect(backOff(60_000)).to.equal(200)
    expect(backOff(59_999)).to.equal(400)
  })

  it('is less by up to a half, at random', () => {
    expect(createBackOff(() => 1)(10)).to.equal(100)
    expect(createBackOff(() => 0.5)(10)).to.equal(150)
  })

  it('stays bounded after any number of deaths', () => {
    const backOff = createBackOff(() => 0)
    for (let death = 0; death < 5000; death++) backOff(0)
    expect(backOff(0)).to.equal(30_000)
  })
})
