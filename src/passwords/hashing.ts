import { capacityOf, type Share } from './capacity.ts'
import { createFairQueue } from './fair-queue.ts'
import { yieldToEventLoop } from './priority.ts'

/** Why a turn did not come: no place to wait, no turn within the time, or nobody waits any more. */
export type Missed = 'full' | 'late' | 'gone'

export interface Admission extends Share {
  /** How many may wait for their turn. */
  readonly queue: number
  /** How long each may wait, in milliseconds. */
  readonly wait: number
  /** Told how long each waited whose turn came, in seconds. */
  readonly onTurn?: (waited: number) => void
  readonly onMissed?: (reason: Missed) => void
}

/** A password was not checked; answered 503 with Retry-After (RFC 9110 section 15.6.4). */
export class Overloaded extends Error {
  override readonly name = 'Overloaded'
  readonly reason: Missed
  /** Seconds. */
  readonly retryAfter: number

  constructor(reason: Missed, retryAfter: number) {
    super(`too many password verifications at once (${reason})`)
    this.reason = reason
    this.retryAfter = retryAfter
  }
}

/** Who wants a hash. */
export interface Applicant {
  /** Who shares one line: a client and a network. */
  readonly line: string
  /** Whether the user has logged in from there before: such lines come first. */
  readonly known?: boolean | undefined
  /** Aborted when nobody waits for the answer any more. */
  readonly signal?: AbortSignal | undefined
}

export interface Hashing {
  /** Does the work when its turn comes; it takes `memory` KiB. Throws Overloaded when the turn does not come. */
  admit<T>(work: () => Promise<T>, applicant: Applicant, memory?: number): Promise<T>
  /** Throws Overloaded where one more of this line would be the first to go: for before any other work. */
  turnAway(line: string): void
  /** What goes on now, for metrics. */
  load(): { readonly running: number; readonly waiting: number }
}

interface Waiter {
  readonly line: string
  readonly known: boolean
  readonly memory: number
  start(): void
  miss(reason: Missed): void
}

/** What Retry-After is reckoned with until a hash has been seen, in seconds. */
const guess = 0.05
const mostRetryAfter = 60

/** Admission to the processors and their memory: a bounded number at once, a fair and bounded queue before them. */
export function createHashing({ queue, wait, onTurn, onMissed, ...share }: Admission): Hashing {
  const capacity = capacityOf(share)
  const waiting = createFairQueue<Waiter>(queue)
  let active = 0
  let held = 0
  let lately = guess
  let yields = false

  // A hash that takes more than there is runs alone: it is within the caps.
  const fits = (memory: number) =>
    active === 0 || (active < capacity.running && held + memory <= capacity.memory)

  function overloaded(reason: Missed): Overloaded {
    onMissed?.(reason)
    const seconds = Math.ceil(((active + waiting.length) * lately) / capacity.running)
    return new Overloaded(reason, Math.min(Math.max(seconds, 1), mostRetryAfter))
  }

  function enter(memory: number): void {
    active += 1
    held += memory
  }

  function leave(memory: number, seconds: number): void {
    active -= 1
    held -= memory
    lately += (seconds - lately) / 16
    for (let next = waiting.next(); next && fits(next.memory); next = waiting.next()) {
      waiting.take()
      enter(next.memory)
      next.start()
    }
  }

  function turn({ line, known = false, signal }: Applicant, memory: number): Promise<void> {
    if (signal?.aborted) return Promise.reject(overloaded('gone'))
    if (waiting.length === 0 && fits(memory)) {
      enter(memory)
      return Promise.resolve()
    }
    return new Promise((resolve, reject) => {
      const giveUp = (reason: Missed) => {
        waiting.remove(waiter)
        waiter.miss(reason)
      }
      const gone = () => giveUp('gone')
      const timer = setTimeout(giveUp, wait, 'late')
      const settle = () => {
        clearTimeout(timer)
        signal?.removeEventListener('abort', gone)
      }
      const waiter: Waiter = {
        line,
        known,
        memory,
        start() {
          settle()
          resolve()
        },
        miss(reason) {
          settle()
          reject(overloaded(reason))
        },
      }
      signal?.addEventListener('abort', gone)
      waiting.add(waiter)?.miss('full')
    })
  }

  return {
    async admit(work, applicant, memory = 0) {
      const asked = performance.now()
      await turn(applicant, memory)
      const begun = performance.now()
      onTurn?.((begun - asked) / 1000)
      try {
        return await work()
      } finally {
        // libuv starts its threads with the first work.
        if (!yields) yields = yieldToEventLoop()
        leave(memory, (performance.now() - begun) / 1000)
      }
    },
    turnAway(line) {
      if (waiting.refuses(line)) throw overloaded('full')
    },
    load: () => ({ running: active, waiting: waiting.length }),
  }
}
