import { oneAtATime } from '../../keys/one-at-a-time.ts'

export interface Signals {
  /** Resolves at SIGTERM or SIGINT. Another one ends the process as it is. */
  readonly ended: Promise<void>
  /** `reload` runs at SIGHUP from now on, and now if one has come already. Those that come while it runs are one. */
  onReload(reload: () => Promise<void>): void
}

/** To be called before anything else: a signal that nobody listens for ends the process. */
export function catchSignals(): Signals {
  let asked = false
  let reload = () => {
    asked = true
  }
  process.on('SIGHUP', () => reload())
  const ended = new Promise<void>((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const)
      process.once(signal, () => {
        process.once(signal, () => process.exit(1))
        resolve()
      })
  })
  return {
    ended,
    onReload(run) {
      reload = oneAtATime(run)
      if (asked) reload()
      ended.then(() => {
        reload = () => {}
      })
    },
  }
}
