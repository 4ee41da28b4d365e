import type { ChildProcessWithoutNullStreams } from 'node:child_process'
import { once } from 'node:events'
import { until } from './until.ts'

export type Line = Readonly<Record<string, unknown>>

/** What a `latchkey serve` says: each line of its log, parsed, and whatever is on standard error. */
export function watch(server: ChildProcessWithoutNullStreams) {
  const ended = once(server, 'exit').then(([code]) => code as number | null)
  // A test run that dies must not leave servers behind.
  const orphaned = () => server.kill('SIGKILL')
  process.once('exit', orphaned)
  server.once('exit', () => process.off('exit', orphaned))
  const log: Line[] = []
  let errors = ''
  let rest = ''
  server.stderr.on('data', (chunk) => {
    errors += chunk
  })
  server.stdout.on('data', (chunk) => {
    const lines = `${rest}${chunk}`.split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) log.push(JSON.parse(line))
  })
  const said = (message: string) => log.filter(({ msg }) => msg === message)

  return {
    log,
    ended,
    errors: () => errors,
    said,
    /** Resolves with the line when the log has said so for the `count`-th time. */
    async says(message: string, count = 1): Promise<Line> {
      const lines = await until(
        () => said(message),
        (found) => found.length >= count || server.exitCode !== null,
        60_000,
      )
      const line = lines[count - 1]
      if (line === undefined) throw new Error(`ended with ${server.exitCode}: ${errors}`)
      return line
    },
  }
}
