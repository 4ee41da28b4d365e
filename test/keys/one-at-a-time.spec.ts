import { expect } from 'chai'
import { oneAtATime } from '../../src/keys/one-at-a-time.ts'
import { until } from '../parts/until.ts'

describe('runs that are asked for during a run', () => {
  it('are one, which follows it', async () => {
    let runs = 0
    let open = () => {}
    const start = oneAtATime(() => {
      runs += 1
      return new Promise((resolve) => {
        open = resolve
      })
    })
    for (let asked = 0; asked < 4; asked++) start()
    expect(runs).to.equal(1)
    open()
    await until(
      () => runs,
      (now) => now === 2,
    )
    open()
    await new Promise(setImmediate)
    expect(runs).to.equal(2)
    start()
    expect(runs).to.equal(3)
  })
})
