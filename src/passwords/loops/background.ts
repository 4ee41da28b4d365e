import { availableParallelism } from 'node:os'
import { extname } from 'node:path'
import { Worker } from 'node:worker_threads'
import { giveUp, isTaken, newClaim } from './claim.ts'
import type { Loop, Task } from './worker.ts'

// `.ts` from the sources, `.js` once compiled.
const file = new URL(`./worker${extname(import.meta.filename)}`, import.meta.url)

interface Pending extends Task {
  /** Those that were told of it: the first that is free takes it. */
  readonly threads: Set<Thread>
  /** With what came of it, or the error. */
  settle(output: Uint8Array | Error): void
}

interface Thread {
  readonly worker: Worker
  readonly pending: Set<Pending>
}

// For the process, as libuv has one pool: started when the others are busy, and they keep nothing alive.
const threads = new Set<Thread>()
const pending = new Map<number, Pending>()
let most = availableParallelism()
let jobs = 0

/** Bounds the threads that are started from now on. */
export function computeInAtMost(count: number): void {
  most = count
}

/**
 * Runs a hash that is computed in one go in a thread of its own: 2^16 rounds of SHA-512 would hold up every other
 * request for a tenth of a second. Where all are busy it waits for one of them, which takes it without asking the
 * event loop, so that none stands still while that has other work.
 *
 * @throws the signal's reason, where it is aborted before a thread has begun
 */
export function inBackground(job: Loop, signal?: AbortSignal): Promise<Buffer> {
  if (signal?.aborted) return Promise.reject(signal.reason)
  return new Promise((resolve, reject) => {
    const claim = newClaim()
    const giveUpNow = () => giveUp(claim) && settle(signal?.reason)
    function settle(output: Uint8Array | Error): void {
      signal?.removeEventListener('abort', giveUpNow)
      pending.delete(task.id)
      for (const thread of task.threads) forget(thread, task)
      if (output instanceof Uint8Array) resolve(Buffer.from(output))
      else reject(output)
    }
    // A copy, as a message takes the whole memory that a small Buffer shares with others.
    const copy = { ...job, input: new Uint8Array(job.input) }
    const task = { id: ++jobs, claim, job: copy, threads: new Set<Thread>(), settle }
    signal?.addEventListener('abort', giveUpNow)
    pending.set(task.id, task)
    tell(leastBusy(), task)
  })
}

function tell(thread: Thread, task: Pending): void {
  const { id, claim, job } = task
  thread.pending.add(task)
  task.threads.add(thread)
  thread.worker.ref()
  thread.worker.postMessage({ id, claim, job } satisfies Task)
}

function forget(thread: Thread, task: Pending): void {
  thread.pending.delete(task)
  if (thread.pending.size === 0) thread.worker.unref()
}

/** Of those that have equally many, the one that began first. */
function leastBusy(): Thread {
  const [idlest] = [...threads]
    .slice(0, most)
    .sort((one, other) => one.pending.size - other.pending.size || firstOf(one) - firstOf(other))
  const settled = idlest?.pending.size === 0 || threads.size >= most
  return idlest !== undefined && settled ? idlest : start()
}

function firstOf({ pending }: Thread): number {
  const [first] = pending
  return first?.id ?? 0
}

function start(): Thread {
  const worker = new Worker(file, {
    // Flags of the process such as --input-type are about its own entry point.
    execArgv: [],
    // In MB, of JavaScript's memory alone: what is hashed is outside of it.
    resourceLimits: { maxYoungGenerationSizeMb: 1, maxOldGenerationSizeMb: 32 },
  })
  const thread: Thread = { worker, pending: new Set() }
  threads.add(thread)
  worker.on('message', ({ id, output }: { id: number; output: Uint8Array }) => {
    pending.get(id)?.settle(output)
    if (thread.pending.size > 0) return
    const waiting = [...pending.values()].find(({ claim }) => !isTaken(claim))
    if (waiting) tell(thread, waiting)
  })
  worker.on('error', (error: Error) => {
    threads.delete(thread)
    for (const task of thread.pending) task.settle(error)
  })
  return thread
}
