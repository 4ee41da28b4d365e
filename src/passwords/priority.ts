import { readdirSync, readFileSync } from 'node:fs'
import { getPriority, setPriority } from 'node:os'

/** As libuv calls the threads of its pool (1.50 and later). */
const worker = 'libuv-worker'
/** Steps of nice(2) below the event loop: a tenth of its weight. */
const steps = 10

/**
 * Lets the thread that calls it give way, on Linux: there a thread has a priority of its own, and 0 means the
 * caller (setpriority(2)), where elsewhere it would be the whole process.
 */
export function giveWay(): void {
  if (process.platform !== 'linux') return
  try {
    setPriority(0, Math.min(getPriority(0) + steps, 19))
  } catch {
    // Forbidden: then all stay equal.
  }
}

/**
 * Lets the threads of libuv's pool that hash give way to the event loop, where there are not processors for all: a hash is
 * later by a little, every other answer sooner by much. Linux alone has priorities for threads
 * (setpriority(2)); elsewhere, and where it is forbidden, all stay equal. False while no thread is there.
 */
export function yieldToEventLoop(): boolean {
  if (process.platform !== 'linux') return true
  try {
    const tasks = '/proc/self/task'
    const workers = readdirSync(tasks).filter(
      (task) => readFileSync(`${tasks}/${task}/comm`, 'utf8').trim() === worker,
    )
    const lower = Math.min(getPriority() + steps, 19)
    for (const task of workers) setPriority(Number(task), lower)
    return workers.length > 0
  } catch {
    return true
  }
}
