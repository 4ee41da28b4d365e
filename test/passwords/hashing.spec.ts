import { availableParallelism } from 'node:os'
import { expect } from 'chai'
import { hashArgon2id } from '../../src/passwords/argon2.ts'
import { createHashing, Overloaded } from '../../src/passwords/hashing.ts'

const parameters = { memory: 8192, iterations: 2, parallelism: 1 }
const realHash = () => hashArgon2id(Buffer.from('password'), parameters)
const outcome = (promise: Promise<unknown>) =>
  promise.then(
    () => 'done',
    (error: unknown) => error,
  )

describe('admission of password hashes', () => {
  it('computes no more at once than processors, whatever it was told', async () => {
    const hashing = createHashing({ running: 64, queue: 100, wait: 10_000 })
    let most = 0
    const work = () => {
      most = Math.max(most, hashing.load().running)
      return realHash()
    }
    await Promise.all(Array.from({ length: 12 }, () => hashing.admit(work)))
    expect(most).to.equal(Math.min(64, availableParallelism()))
    expect(hashing.load()).to.deep.equal({ running: 0, waiting: 0 })
  })

  it('lets a bounded number wait, in their order, and turns the next away at once', async () => {
    const hashing = createHashing({ running: 1, queue: 3, wait: 10_000 })
    const finished: number[] = []
    const outcomes = await Promise.all(
      Array.from({ length: 6 }, (_, index) =>
        outcome(hashing.admit(realHash).then(() => finished.push(index))),
      ),
    )
    expect(finished).to.deep.equal([0, 1, 2, 3])
    expect(outcomes.slice(0, 4)).to.deep.equal(['done', 'done', 'done', 'done'])
    for (const error of outcomes.slice(4)) {
      expect(error).to.be.instanceOf(Overloaded).and.to.have.property('retryAfter', 10)
    }
  })

  it('lets nobody wait longer than told, and forgets who gave up', async () => {
    const hashing = createHashing({ running: 1, queue: 3, wait: 20 })
    const gate = Promise.withResolvers<void>()
    const first = hashing.admit(() => gate.promise)
    const error = await outcome(hashing.admit(realHash))
    expect(error).to.be.instanceOf(Overloaded).and.to.have.property('retryAfter', 1)
    expect(hashing.load()).to.deep.equal({ running: 1, waiting: 0 })
    gate.resolve()
    await first
    expect(await outcome(hashing.admit(realHash))).to.equal('done')
  })

  it('gives the place back when the work fails', async () => {
    const hashing = createHashing({ running: 1, queue: 0, wait: 1000 })
    const failure = new Error('no memory')
    expect(await outcome(hashing.admit(() => Promise.reject(failure)))).to.equal(failure)
    expect(await outcome(hashing.admit(realHash))).to.equal('done')
  })
})
