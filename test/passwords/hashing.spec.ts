import { scrypt as derive, type ScryptOptions } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { availableParallelism, getPriority } from 'node:os'
import { promisify } from 'node:util'
import { expect } from 'chai'
import { type Argon2Parameters, hashArgon2id } from '../../src/passwords/argon2.ts'
import {
  type Admission,
  type Applicant,
  createHashing,
  type Missed,
  Overloaded,
} from '../../src/passwords/hashing.ts'

const scrypt = promisify<string, string, number, ScryptOptions, Buffer>(derive)
const parameters = { memory: 8192, iterations: 2, parallelism: 1 }
const realHash = () => hashArgon2id(Buffer.from('password'), parameters)
const pooledHash = () => scrypt('password', 'salt', 32, { N: 16_384 })
const ada: Applicant = { line: 'web 192.0.2.0' }
const outcome = (promise: Promise<unknown>) =>
  promise.then(
    () => 'done',
    (error: unknown) => (error instanceof Overloaded ? error.reason : error),
  )

/** Admission for one at a time, whose work ends when the test says so. */
function atTheGate(admission: Partial<Admission> = {}) {
  const missed: Missed[] = []
  const hashing = createHashing({
    running: 1,
    queue: 4,
    wait: 10_000,
    onMissed: (reason) => missed.push(reason),
    ...admission,
  })
  const { promise: gate, resolve: open } = Promise.withResolvers<void>()
  const finished: string[] = []
  const first = hashing.admit(() => gate, { line: 'first' })
  const apply = (name: string, applicant: Applicant) =>
    outcome(hashing.admit(async () => finished.push(name), applicant))
  return {
    hashing,
    missed,
    finished,
    /** Resolves with what became of it: `done`, or why its turn did not come. */
    apply,
    async open() {
      open()
      await first
    },
  }
}

describe('admission of password hashes', () => {
  it('computes no more at once than processors, whatever it was told', async () => {
    const hashing = createHashing({ running: 64, queue: 100, wait: 10_000 })
    let most = 0
    const work = () => {
      most = Math.max(most, hashing.load().running)
      return realHash()
    }
    await Promise.all(Array.from({ length: 12 }, () => hashing.admit(work, ada)))
    expect(most).to.be.at.least(1).and.at.most(availableParallelism())
    expect(hashing.load()).to.deep.equal({ running: 0, waiting: 0 })
  })

  it('leaves a thread of the pool to signatures and one to the secrets of clients', async () => {
    const most = async (threads: string | undefined) => {
      const before = process.env.UV_THREADPOOL_SIZE
      process.env.UV_THREADPOOL_SIZE = threads ?? '4'
      const hashing = createHashing({ queue: 9, wait: 10_000 })
      process.env.UV_THREADPOOL_SIZE = before
      if (before === undefined) delete process.env.UV_THREADPOOL_SIZE
      const works = Array.from({ length: 9 }, () => hashing.admit(realHash, ada))
      const { running } = hashing.load()
      await Promise.all(works)
      return running
    }
    expect(await most('3')).to.equal(1)
    expect(await most('1')).to.equal(1)
    expect(await most('64')).to.equal(availableParallelism())
  })

  it('lets the threads that hash give way to the event loop, on Linux', async () => {
    await createHashing({ queue: 0, wait: 1000 }).admit(realHash, ada)
    await createHashing({ queue: 0, wait: 1000 }).admit(pooledHash, ada)
    const tasks = process.platform === 'linux' ? readdirSync('/proc/self/task') : []
    for (const name of ['libuv-worker', 'WorkerThread']) {
      const hashing = tasks.filter((task) =>
        readFileSync(`/proc/self/task/${task}/comm`, 'utf8').startsWith(name),
      )
      expect(hashing.length > 0, name).to.equal(process.platform === 'linux')
      for (const task of hashing) expect(getPriority(Number(task)), name).to.be.above(getPriority())
    }
  })

  it('hands each thread of ours one hash ahead, and counts it among those that wait', async () => {
    const hashing = createHashing({ queue: 9, wait: 10_000 })
    const processors = availableParallelism()
    let begun = 0
    const work = () => {
      begun += 1
      return realHash()
    }
    const works = Array.from({ length: 2 * processors + 1 }, () =>
      hashing.admit(work, ada, { inThread: true }),
    )
    await new Promise(setImmediate)
    expect(begun).to.equal(2 * processors)
    expect(hashing.load()).to.deep.equal({ running: processors, waiting: processors + 1 })
    await Promise.all(works)
    expect(hashing.load()).to.deep.equal({ running: 0, waiting: 0 })
  })

  it('gives up what was handed ahead, for one who is gone and one who waited too long', async () => {
    for (const reason of ['gone', 'late'] as const) {
      const missed: Missed[] = []
      let turns = 0
      const hashing = createHashing({
        ...{ running: 1, queue: 2, wait: reason === 'late' ? 20 : 10_000 },
        ...{ onTurn: () => (turns += 1), onMissed: (reason) => missed.push(reason) },
      })
      const slow = { memory: 65_536, iterations: 12, parallelism: 1 }
      const hash = (parameters: Argon2Parameters) => (signal?: AbortSignal) =>
        hashArgon2id(Buffer.from('password'), parameters, signal)
      const client = new AbortController()
      const first = hashing.admit(hash(slow), ada, { inThread: true })
      const second = hashing.admit(
        hash(parameters),
        { ...ada, signal: client.signal },
        { inThread: true },
      )
      if (reason === 'gone') setImmediate(() => client.abort())
      expect(await Promise.race([first.then(() => 'first'), outcome(second)])).to.equal(reason)
      expect(hashing.load()).to.deep.equal({ running: 1, waiting: 0 })
      await first
      expect([missed, turns]).to.deep.equal([[reason], 1])
    }
  })

  it('hands nothing ahead beside a hash of the pool, whose threads would compute both', async () => {
    const hashing = createHashing({ running: 1, queue: 9, wait: 10_000 })
    const pooled = hashing.admit(pooledHash, ada)
    let begun = false
    const threaded = hashing.admit(
      () => {
        begun = true
        return realHash()
      },
      ada,
      { inThread: true },
    )
    await new Promise(setImmediate)
    expect(begun).to.equal(false)
    await Promise.all([pooled, threaded])
  })

  it('gives each of several processes its part of the processors, and one at least', async () => {
    const several = createHashing({ processes: 99, queue: 9, wait: 10_000 })
    const works = [several.admit(realHash, ada), several.admit(realHash, ada)]
    expect(several.load()).to.deep.equal({ running: 1, waiting: 1 })
    await Promise.all(works)
  })

  it('computes no more at once than the memory holds, and one in any case', async () => {
    const hashing = createHashing({ memory: 100, queue: 9, wait: 10_000 })
    const gates = [200, 60, 60, 40].map((memory) => {
      const { promise, resolve } = Promise.withResolvers<void>()
      return { end: resolve, work: hashing.admit(() => promise, ada, { memory }) }
    })
    expect(hashing.load()).to.deep.equal({ running: 1, waiting: 3 })
    gates[0]?.end()
    await gates[0]?.work
    expect(hashing.load()).to.deep.equal({ running: 1, waiting: 2 })
    for (const { end } of gates) end()
    await Promise.all(gates.map(({ work }) => work))
    expect(hashing.load()).to.deep.equal({ running: 0, waiting: 0 })
  })

  it('lets a bounded number wait, in their order, and turns the next away at once', async () => {
    const { apply, open, finished, missed, hashing } = atTheGate()
    const outcomes = ['1', '2', '3', '4', '5', '6'].map((name) => apply(name, ada))
    expect(await Promise.all(outcomes.slice(4))).to.deep.equal(['full', 'full'])
    expect(missed).to.deep.equal(['full', 'full'])
    expect(hashing.load()).to.deep.equal({ running: 1, waiting: 4 })
    await open()
    expect(await Promise.all(outcomes)).to.deep.equal([
      ...['done', 'done', 'done', 'done'],
      ...['full', 'full'],
    ])
    expect(finished).to.deep.equal(['1', '2', '3', '4'])
  })

  it('lets nobody wait longer than told, and forgets who gave up', async () => {
    const { apply, open, hashing } = atTheGate({ wait: 20 })
    expect(await apply('late', ada)).to.equal('late')
    expect(hashing.load()).to.deep.equal({ running: 1, waiting: 0 })
    await open()
    expect(await apply('next', ada)).to.equal('done')
  })

  it('gives the place back when the work fails', async () => {
    const hashing = createHashing({ running: 1, queue: 0, wait: 1000 })
    const failure = new Error('no memory')
    expect(await outcome(hashing.admit(() => Promise.reject(failure), ada))).to.equal(failure)
    expect(await outcome(hashing.admit(realHash, ada))).to.equal('done')
  })

  it('does nothing for who has gone, before or after the wait began', async () => {
    const { apply, open, finished, hashing } = atTheGate()
    const leaving = new AbortController()
    const waiting = apply('waiting', { ...ada, signal: leaving.signal })
    const staying = apply('staying', ada)
    leaving.abort()
    expect(await waiting).to.equal('gone')
    expect(await apply('gone', { ...ada, signal: leaving.signal })).to.equal('gone')
    expect(hashing.load()).to.deep.equal({ running: 1, waiting: 1 })
    await open()
    expect(await staying).to.equal('done')
    expect(finished).to.deep.equal(['staying'])
  })

  it('says when to come again: in the time that those before take, and a second at least', async () => {
    const comeAgain = async (waiting: number): Promise<number> => {
      const { apply, hashing, open } = atTheGate({ queue: waiting })
      const others = Array.from({ length: waiting }, (_, name) => apply(`${name}`, ada))
      const error: unknown = await hashing.admit(realHash, ada).catch((reason) => reason)
      await open()
      await Promise.all(others)
      expect(error).to.be.instanceOf(Overloaded)
      return error instanceof Overloaded ? error.retryAfter : 0
    }
    expect(await comeAgain(1)).to.equal(1)
    expect(await comeAgain(100)).to.be.above(1)
    expect(await comeAgain(9000)).to.equal(60)
  })

  it('tells how long each waited that had its turn', async () => {
    const waited: number[] = []
    const { apply, open } = atTheGate({ onTurn: (seconds) => waited.push(seconds) })
    const second = apply('second', ada)
    const asked = performance.now()
    await realHash()
    const least = (performance.now() - asked) / 1000
    await open()
    await second
    expect(waited).to.have.lengthOf(2)
    expect(waited[1]).to.be.at.least(least)
  })
})

describe('a fair share of the queue', () => {
  const flooder: Applicant = { line: 'web 198.51.100.0' }

  it('gives each line its turn, however long another one is', async () => {
    const { apply, open, finished } = atTheGate({ queue: 9 })
    const all = [
      ...['f1', 'f2', 'f3', 'f4'].map((name) => apply(name, flooder)),
      ...['a1', 'a2'].map((name) => apply(name, ada)),
    ]
    await open()
    await Promise.all(all)
    expect(finished).to.deep.equal(['f1', 'a1', 'f2', 'a2', 'f3', 'f4'])
  })

  it('makes room for a newcomer by the last of the longest line', async () => {
    const { apply, open, finished } = atTheGate()
    const flood = ['f1', 'f2', 'f3', 'f4'].map((name) => apply(name, flooder))
    const newcomer = apply('a1', ada)
    expect(await flood[3]).to.equal('full')
    await open()
    expect(await newcomer).to.equal('done')
    await Promise.all(flood)
    expect(finished).to.deep.equal(['f1', 'a1', 'f2', 'f3'])
  })

  it('turns a flooder away at the door, and nobody else', async () => {
    const { apply, open, hashing, missed } = atTheGate()
    const flood = ['f1', 'f2', 'f3'].map((name) => apply(name, flooder))
    expect(() => hashing.turnAway(flooder.line)).not.to.throw()
    flood.push(apply('f4', flooder))
    expect(() => hashing.turnAway(flooder.line)).to.throw(Overloaded)
    expect(() => hashing.turnAway(ada.line)).not.to.throw()
    expect(missed).to.deep.equal(['full'])
    await open()
    await Promise.all(flood)
    expect(() => hashing.turnAway(flooder.line)).not.to.throw()
  })

  it('prefers who is known, and leaves a turn in four to the others', async () => {
    const { apply, open, finished } = atTheGate({ queue: 20 })
    const strangers = ['s1', 's2'].map((name, index) => apply(name, { line: `net ${index}` }))
    const known = ['k1', 'k2', 'k3', 'k4', 'k5'].map((name) => apply(name, { ...ada, known: true }))
    await open()
    await Promise.all([...strangers, ...known])
    expect(finished).to.deep.equal(['k1', 'k2', 'k3', 's1', 'k4', 'k5', 's2'])
  })

  it('lets one who is known in where strangers fill the queue, each from a network of its own', async () => {
    const { apply, open } = atTheGate()
    const strangers = ['1', '2', '3', '4'].map((name) => apply(name, { line: `net ${name}` }))
    expect(await apply('stranger', { line: 'net 5' })).to.equal('full')
    const known = apply('known', { ...ada, known: true })
    expect(await strangers[3]).to.equal('full')
    await open()
    expect(await known).to.equal('done')
    await Promise.all(strangers)
  })

  it('shortens a line of the known too, before a stranger stays out', async () => {
    const { apply, open } = atTheGate({ queue: 8 })
    const flood = Array.from({ length: 8 }, (_, n) => apply(`${n}`, { ...flooder, known: true }))
    const stranger = apply('stranger', ada)
    expect(await flood[7]).to.equal('full')
    await open()
    expect(await stranger).to.equal('done')
    await Promise.all(flood)
  })
})
