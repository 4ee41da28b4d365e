import { availableParallelism } from 'node:os'
import { extname } from 'node:path'
import { Worker } from 'node:worker_threads'
import type { Loop } from './worker.ts'

// `.ts` from the sources, `.js` once compiled.
const file = new URL(`./worker${extname(import.meta.filename)}`, import.meta.url)

interface Waiting {
  resolve(output: Buffer): void
  reject(error: Error): void
}

interface Thread {
  readonly worker: Worker
  readonly waiting: Map<number, Waiting>
}

// For the process, as libuv has one pool: started when the others are busy, and they keep nothing alive.
const threads = new Set<Thread>()
const most = availableParallelism()
let jobs = 0

/**
 * Runs a loop of digests that Node has no asynchronous function for, in a thread of its own: 2^16
 * rounds of SHA-512 would hold up every other request for a tenth of a second.
 */
export function inBackground(job: Loop): Promise<Buffer> {
  const { worker, waiting } = leastBusy()
  worker.ref()
  const id = ++jobs
  return new Promise((resolve, reject) => {
    waiting.set(id, { resolve, reject })
    // A copy, as a message takes the whole memory that a small Buffer shares with others.
    worker.postMessage({ id, job: { ...job, input: new Uint8Array(job.input) } })
  })
}

function leastBusy(): Thread {
  const [idlest] = [...threads].sort((one, other) => one.waiting.size - other.waiting.size)
  const settled = idlest?.waiting.size === 0 || threads.size >= most
  return idlest !== undefined && settled ? idlest : start()
}

function start(): Thread {
  // Flags of the process such as --input-type are about its own entry point.
  const worker = new Worker(file, { execArgv: [] })
  const waiting = new Map<number, Waiting>()
  const thread = { worker, waiting }
  threads.add(thread)
  worker.on('message', ({ id, output }: { id: number; output: Uint8Array }) => {
    waiting.get(id)?.resolve(Buffer.from(output))
    waiting.delete(id)
    if (waiting.size === 0) worker.unref()
  })
  worker.on('error', (error: Error) => {
    threads.delete(thread)
    for (const { reject } of waiting.values()) reject(error)
    waiting.clear()
  })
  return thread
}
