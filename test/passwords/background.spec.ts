import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { availableParallelism } from 'node:os'
import { expect } from 'chai'
import { computeInAtMost, inBackground } from '../../src/passwords/loops/background.ts'
import { findFormat, vectors } from './vectors.ts'

const input = Buffer.alloc(32, 'password')
/** Rounds that take longer than to start a thread on a busy machine. */
const many = 2_000_000

/** The names of loops of so many rounds that begin in this order. */
async function inOrderOfTheirEnds(loops: Readonly<Record<string, number>>): Promise<string[]> {
  const ended: string[] = []
  const run = async ([name, rounds]: [string, number]) => {
    await inBackground({ loop: 'iterated', digest: 'sha256', input, rounds })
    ended.push(name)
  }
  await Promise.all(Object.entries(loops).map(run))
  return ended
}

describe('loops of digests', () => {
  beforeEach(() => computeInAtMost(availableParallelism()))

  it('leave the event loop free while they run', async () => {
    const vector = vectors.find(({ stored }) => stored.startsWith('$6$rounds='))
    const hash = findFormat(vector?.stored ?? '')?.read(vector?.stored ?? '')
    const first = await Promise.race([
      hash?.verify(input).then(() => 'verified'),
      new Promise((resolve) => setImmediate(() => resolve('the loop turned'))),
    ])
    expect(first).to.equal('the loop turned')
  })

  it('answer each caller with its own result', async () => {
    const digest = (rounds: number) =>
      inBackground({ loop: 'iterated', digest: 'sha256', input, rounds })
    const alone = await Promise.all([1, 2, 3].map(digest))
    const together = await Promise.all([3000, 1, 2, 3].map(digest))
    expect(together.slice(1)).to.deep.equal(alone)
    expect(new Set(together.map((bytes) => bytes.toString('hex'))).size).to.equal(4)
  })

  it('run beside each other, one a processor', async () => {
    const order = availableParallelism() > 1 ? ['short', 'long'] : ['long', 'short']
    expect(await inOrderOfTheirEnds({ long: many, short: 1 })).to.deep.equal(order)
  })

  it('run in no more threads than they are given', async () => {
    computeInAtMost(1)
    const ended = await inOrderOfTheirEnds({ long: 100_000, short: 1 })
    expect(ended).to.deep.equal(['long', 'short'])
  })

  it('go to the thread that is free first', async () => {
    computeInAtMost(2)
    // The third waits for the first thread, until the second has nothing else to do.
    const ended = await inOrderOfTheirEnds({ long: many, short: 1000, third: 1 })
    expect(ended).to.deep.equal(['short', 'third', 'long'])
  })

  it('are given up until one has begun, and from then on computed', async () => {
    const run = (rounds: number, signal?: AbortSignal) =>
      inBackground({ loop: 'iterated', digest: 'sha256', input, rounds }, signal)
    computeInAtMost(1)
    await run(1)
    const nobody = new Error('nobody waits')
    const [first, second] = [new AbortController(), new AbortController()]
    const [long, never] = [run(100_000, first.signal), run(1, second.signal)]
    second.abort(nobody)
    expect(await never.catch((error) => error)).to.equal(nobody)
    expect(await run(1, AbortSignal.abort(nobody)).catch((error) => error)).to.equal(nobody)
    const after = run(1)
    expect(await Promise.race([after, long.then(() => 'long')])).to.equal('long')
    first.abort(nobody)
    expect(await long).to.have.lengthOf(32)
    expect(await after).to.have.lengthOf(32)
  })

  it('survive a failure of a thread: its callers hear of it, the next get a new one', async () => {
    const job = { loop: 'iterated', input, rounds: 1 } as const
    const [failed] = await Promise.allSettled(
      Array.from({ length: availableParallelism() }, () =>
        inBackground({ ...job, digest: 'no such digest' }),
      ),
    )
    expect(failed?.status).to.equal('rejected')
    expect(await inBackground({ ...job, digest: 'sha256' })).to.have.lengthOf(32)
  })

  it('do not keep the process alive, and are awaited by it', async () => {
    const file = new URL('../../src/passwords/loops/background.ts', import.meta.url)
    const script = `
      const { inBackground } = await import(${JSON.stringify(file.href)})
      const job = { loop: 'iterated', digest: 'sha256', input: Buffer.alloc(32), rounds: 5000 }
      console.log((await inBackground(job)).length)`
    const child = spawn(process.execPath, ['--input-type=module', '--eval', script])
    const output: string[] = []
    child.stdout.on('data', (data) => output.push(String(data)))
    const [code] = await once(child, 'exit')
    expect(code).to.equal(0)
    expect(output.join('')).to.equal('32\n')
  })
})
