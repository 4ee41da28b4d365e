/** Somewhere to put a notice. */
interface Log {
  debug(notice: string): void
}

let redirected = false

/**
 * The engine writes notices straight to the console: on bodies that were parsed upstream, which is
 * our design (oauth/form.ts), and on defaults. They go to the log, whose lines are all JSON.
 */
export function engineNotices(log: Log): void {
  if (redirected) return
  redirected = true
  for (const method of ['info', 'warn'] as const) {
    const write = console[method].bind(console)
    console[method] = (...words: unknown[]) => {
      const [first] = words
      if (typeof first === 'string' && first.includes('oidc-provider ')) log.debug(first)
      else write(...words)
    }
  }
}
