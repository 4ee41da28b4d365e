import { setTimeout as pause } from 'node:timers/promises'
import type { RevocationLog, State } from '../state/state.ts'

/** Milliseconds for which the end of the log is believed, and between two looks while somebody waits. */
const interval = 100

export interface LogWatch {
  /** Where the log ends, as of at most 100 ms ago. @throws StateUnavailable */
  now(): Promise<RevocationLog>
  /** Resolves when the log ends elsewhere than at `end`, after `seconds`, or at `gone`; whatever of them is first. */
  moved(end: string, seconds: number, gone: AbortSignal): Promise<void>
  /** How many wait. */
  readonly waiting: () => number
  /** Lets everybody go who waits, and nobody wait any more. */
  close(): void
}

/** One look at the log for all who wait for it, however many they are; none while nobody does. */
export function watchLog(state: Pick<State, 'revocationLog'>): LogWatch {
  const closed = new AbortController()
  const waiters = new Set<(log: RevocationLog) => void>()
  let looking = false
  let last: { readonly at: number; readonly log: Promise<RevocationLog> } | undefined

  const look = (): Promise<RevocationLog> => {
    const at = performance.now()
    if (last && at - last.at < interval) return last.log
    const log = state.revocationLog()
    last = { at, log }
    log.catch(() => {
      // A failure is no answer to keep.
      if (last?.log === log) last = undefined
    })
    return log
  }

  const lookUntilAlone = async () => {
    if (looking) return
    looking = true
    while (waiters.size > 0) {
      await pause(interval)
      // While the store is away nobody is told anything: who waits will ask, and be answered 503.
      const log = await look().catch(() => undefined)
      if (log !== undefined) for (const tell of [...waiters]) tell(log)
    }
    looking = false
  }

  return {
    now: look,
    waiting: () => waiters.size,
    close: () => closed.abort(),
    moved: (end, seconds, gone) =>
      new Promise((resolve) => {
        const done = () => {
          waiters.delete(tell)
          clearTimeout(timer)
          for (const signal of signals) signal.removeEventListener('abort', done)
          resolve()
        }
        const tell = (log: RevocationLog) => {
          if (log.end !== end) done()
        }
        const signals = [gone, closed.signal]
        const timer = setTimeout(done, seconds * 1000)
        for (const signal of signals) signal.addEventListener('abort', done)
        waiters.add(tell)
        if (signals.some((signal) => signal.aborted)) done()
        else void lookUntilAlone()
      }),
  }
}
