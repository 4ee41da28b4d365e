import { availableParallelism } from 'node:os'

export interface Admission {
  /** Verifications at once; never more than there are processors. */
  readonly running?: number | undefined
  /** How many may wait for their turn. */
  readonly queue: number
  /** How long each may wait, in milliseconds. */
  readonly wait: number
}

/** Too many passwords are being checked; answered 503 with Retry-After (RFC 9110 section 15.6.4). */
export class Overloaded extends Error {
  override readonly name = 'Overloaded'
  /** Seconds. */
  readonly retryAfter: number

  constructor(retryAfter: number) {
    super('too many password verifications at once')
    this.retryAfter = retryAfter
  }
}

export interface Hashing {
  /** Does the work when its turn comes. Throws Overloaded when it does not come. */
  admit<T>(work: () => Promise<T>): Promise<T>
  /** What goes on now, for metrics. */
  load(): { readonly running: number; readonly waiting: number }
}

/**
 * Admission to the processors. More hashes at once than processors finish later each and hold
 * their memory longer; and a thread of libuv's pool stays free for files and names where it can.
 */
export function createHashing({ running, queue, wait }: Admission): Hashing {
  const limit = Math.min(running ?? spareThreads(), availableParallelism())
  const waiting = new Set<() => void>()
  let active = 0

  function turn(): Promise<void> {
    if (active < limit) {
      active++
      return Promise.resolve()
    }
    const overloaded = new Overloaded(Math.ceil(wait / 1000))
    if (waiting.size >= queue) return Promise.reject(overloaded)
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        waiting.delete(enter)
        reject(overloaded)
      }, wait)
      const enter = () => {
        clearTimeout(timer)
        resolve()
      }
      waiting.add(enter)
    })
  }

  function leave(): void {
    const [next] = waiting
    if (next === undefined) {
      active--
      return
    }
    waiting.delete(next)
    next()
  }

  return {
    async admit(work) {
      await turn()
      try {
        return await work()
      } finally {
        leave()
      }
    },
    load: () => ({ running: active, waiting: waiting.size }),
  }
}

function spareThreads(): number {
  const pool = Number(process.env.UV_THREADPOOL_SIZE) || 4
  return Math.max(1, pool - 1)
}
