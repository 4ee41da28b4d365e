import { availableParallelism, totalmem } from 'node:os'

/** How much of the machine hashes may take. */
export interface Share {
  /** Hashes at once on this machine; never more than there are processors. */
  readonly running?: number | undefined
  /** Processes that hash on this machine, each with the same share; 1, if left out. */
  readonly processes?: number | undefined
  /** KiB for all hashes at once; half of the memory there is, if left out. */
  readonly memory?: number | undefined
}

export interface Capacity {
  readonly running: number
  /** KiB. */
  readonly memory: number
}

/**
 * What one process may use. More hashes at once than processors finish later each and hold their
 * memory longer. `availableParallelism` knows affinity and the quota of a container (libuv 1.51).
 */
export function capacityOf({ running, processes = 1, memory = halfOfMemory() }: Share): Capacity {
  const processors = availableParallelism()
  const part = Math.floor(Math.min(running ?? processors, processors) / processes)
  return {
    running: Math.max(1, Math.min(part, spareThreads())),
    memory: Math.floor(memory / processes),
  }
}

function halfOfMemory(): number {
  // No number that a machine could have where no container sets a limit.
  const limit = process.constrainedMemory() || Number.POSITIVE_INFINITY
  return Math.min(limit, totalmem()) / 2048
}

/**
 * libuv's pool has four threads unless bin/latchkey says otherwise. One of them stays for the secret
 * of a client, of which one is hashed at a time, and one for what is short: signatures and files.
 */
function spareThreads(): number {
  return (Number(process.env.UV_THREADPOOL_SIZE) || 4) - 2
}
