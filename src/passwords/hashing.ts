import { capacityOf, type Share } from './capacity.ts'
import { createFairQueue, type Member } from './fair-queue.ts'
import type { StoredHash } from './format.ts'
import { computeInAtMost } from './loops/background.ts'
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

/** What a hash takes: KiB, and whether threads of ours compute it, to which the next is handed ahead. */
export type Demand = Pick<StoredHash, 'memory' | 'inThread'>

/** Throws the signal's reason, where it is aborted before the work has begun. */
export type Work<T> = (signal?: AbortSignal) => Promise<T>

export interface Hashing {
  /** Does the work when its turn comes. Throws Overloaded when the turn does not come. */
  admit<T>(work: Work<T>, applicant: Applicant, demand?: Demand): Promise<T>
  /** Throws Overloaded where one more of this line would be the first to go: for before any other work. */
  turnAway(line: string): void
  /** What goes on now, for metrics. */
  load(): { readonly running: number; readonly waiting: number }
}

interface Waiter extends Member {
  readonly demand: Demand
  /** The work is handed to those who compute. */
  hand(): void
  /** Its turn has come, and from now on it is computed to its end. */
  begin(): void
  miss(reason: Missed): void
}

interface Handed {
  readonly waiter: Waiter
  /** Aborted with the reason where the turn does not come after all. */
  readonly signal: AbortSignal
}

/** What Retry-After is reckoned with until a hash has been seen, in seconds. */
const guess = 0.05
const mostRetryAfter = 60

/**
 * Admission to the processors and their memory: a bounded number at once, a fair and bounded queue before them. Of
 * those that wait, each thread of ours is handed one ahead of its turn, so that it need not ask the event loop for it.
 */
export function createHashing({ queue, wait, onTurn, onMissed, ...share }: Admission): Hashing {
  const capacity = capacityOf(share)
  computeInAtMost(capacity.running)
  const mostAhead = Math.min(capacity.running, queue)
  /** With when it began. */
  const running = new Map<Waiter, number>()
  /** In the order of their turns. */
  const ahead = new Set<Waiter>()
  const waiting = createFairQueue<Waiter>(() => queue - ahead.size)
  let held = 0
  let lately = guess
  let yields = false

  function fits({ memory = 0, inThread = false }: Demand): boolean {
    // A hash that takes more than there is runs alone: it is within the caps.
    if (running.size === 0) return true
    if (held + memory > capacity.memory) return false
    if (running.size < capacity.running) return true
    // Beside a hash of libuv's pool a thread of ours would be free for it at once.
    const threads = running.keys().every(({ demand }) => demand.inThread)
    return inThread && threads && ahead.size < mostAhead
  }

  function place(waiter: Waiter): void {
    held += waiter.demand.memory ?? 0
    if (running.size < capacity.running) begin(waiter)
    else ahead.add(waiter)
    waiter.hand()
  }

  function begin(waiter: Waiter): void {
    ahead.delete(waiter)
    running.set(waiter, performance.now())
    waiter.begin()
  }

  function leave(waiter: Waiter): void {
    held -= waiter.demand.memory ?? 0
    const begun = running.get(waiter)
    if (begun !== undefined) lately += ((performance.now() - begun) / 1000 - lately) / 16
    running.delete(waiter)
    ahead.delete(waiter)
    const [following] = ahead
    if (following && running.size < capacity.running) begin(following)
    for (let next = waiting.next(); next && fits(next.demand); next = waiting.next()) {
      waiting.take()
      place(next)
    }
  }

  function overloaded(reason: Missed): Overloaded {
    const load = running.size + ahead.size + waiting.length
    const seconds = Math.ceil((load * lately) / capacity.running)
    return new Overloaded(reason, Math.min(Math.max(seconds, 1), mostRetryAfter))
  }

  function apply({ line, known = false, signal }: Applicant, demand: Demand): Promise<Handed> {
    if (signal?.aborted) return Promise.reject(overloaded('gone'))
    const asked = performance.now()
    const givenUp = new AbortController()
    const { promise, resolve, reject } = Promise.withResolvers<Handed>()
    const gone = () => waiter.miss('gone')
    const timer = setTimeout(() => waiter.miss('late'), wait)
    signal?.addEventListener('abort', gone)
    const settle = () => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', gone)
    }
    const waiter: Waiter = {
      line,
      known,
      demand,
      hand: () => resolve({ waiter, signal: givenUp.signal }),
      begin() {
        settle()
        onTurn?.((performance.now() - asked) / 1000)
      },
      miss(reason) {
        settle()
        waiting.remove(waiter)
        const error = overloaded(reason)
        reject(error)
        givenUp.abort(error)
      },
    }
    if (waiting.length === 0 && fits(demand)) place(waiter)
    else waiting.add(waiter)?.miss('full')
    return promise
  }

  function missing(error: unknown): unknown {
    if (error instanceof Overloaded) onMissed?.(error.reason)
    return error
  }

  return {
    async admit(work, applicant, demand = {}) {
      try {
        const { waiter, signal } = await apply(applicant, demand)
        try {
          return await work(signal)
        } finally {
          // libuv starts its threads with the first work.
          if (!yields) yields = yieldToEventLoop()
          leave(waiter)
        }
      } catch (error) {
        throw missing(error)
      }
    },
    turnAway(line) {
      if (waiting.refuses(line)) throw missing(overloaded('full'))
    },
    load: () => ({ running: running.size, waiting: ahead.size + waiting.length }),
  }
}
