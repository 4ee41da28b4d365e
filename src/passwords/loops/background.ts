import { extname } from 'node:path'
import { Worker } from 'node:worker_threads'
import type { Loop } from './worker.ts'

// `.ts` from the sources, `.js` once compiled.
const file = new URL(`./worker${extname(import.meta.filename)}`, import.meta.url)

interface Waiting {
  resolve(output: Buffer): void
  reject(error: Error): void
}

// One thread for the process, as libuv has one pool: started at first use, and it keeps nothing alive.
let thread: Worker | undefined
const waiting = new Map<number, Waiting>()
let jobs = 0

/**
 * Runs a loop of digests that Node has no asynchronous function for, in a thread of its own: 2^16
 * rounds of SHA-512 would hold up every other request for a tenth of a second.
 */
export function inBackground(job: Loop): Promise<Buffer> {
  thread ??= start()
  const worker = thread
  worker.ref()
  const id = ++jobs
  return new Promise((resolve, reject) => {
    waiting.set(id, { resolve, reject })
    // A copy, as a message takes the whole memory that a small Buffer shares with others.
    worker.postMessage({ id, job: { ...job, input: new Uint8Array(job.input) } })
  })
}

function start(): Worker {
  // Flags of the process such as --input-type are about its own entry point.
  const worker = new Worker(file, { execArgv: [] })
  worker.on('message', ({ id, output }: { id: number; output: Uint8Array }) => {
    waiting.get(id)?.resolve(Buffer.from(output))
    waiting.delete(id)
    if (waiting.size === 0) worker.unref()
  })
  worker.on('error', (error: Error) => {
    thread = undefined
    for (const { reject } of waiting.values()) reject(error)
    waiting.clear()
  })
  return worker
}
