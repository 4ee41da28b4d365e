import { expect } from 'chai'
import { isRising, rise, type Sample } from './trend.ts'

const bound = { atLeast: 10, share: 0.1 }
const samples = (value: (at: number) => number): Sample[] =>
  Array.from({ length: 60 }, (_, index) => ({ at: index * 5, value: value(index * 5) }))
/** The same every time, and no pattern that a line could follow. */
const noise = (at: number) => ((at * 7919) % 13) - 6

describe('a soak', () => {
  it('sees a leak in the noise', () => {
    const leaking = samples((at) => 100 + at / 10 + noise(at))
    expect(rise(leaking)).to.be.closeTo(29.5, 3)
    expect(isRising(leaking, bound)).to.equal(true)
  })

  it('takes neither noise nor peaks for a leak', () => {
    expect(isRising(samples(noise), bound)).to.equal(false)
    const peaks = samples((at) => 100 + noise(at) + (at % 60 === 0 ? 400 : 0))
    expect(isRising(peaks, bound)).to.equal(false)
    const late = samples((at) => 100 + noise(at) + (at > 280 ? 400 : 0))
    expect(isRising(late, bound)).to.equal(false)
  })

  it('takes what sinks for no leak, and nothing for nothing', () => {
    expect(
      isRising(
        samples((at) => 200 - at / 5),
        bound,
      ),
    ).to.equal(false)
    expect(rise([])).to.equal(0)
    expect(rise([{ at: 1, value: 1 }])).to.equal(0)
  })
})
