import { execFileSync } from 'node:child_process'
import { availableParallelism, cpus, loadavg, totalmem } from 'node:os'
import type { Endpoints } from './endpoints.ts'
import type { Passwords } from './passwords.ts'
import type { Starts } from './start.ts'

/** What one run of the scoreboard found: docs/bench.json. */
export interface Result {
  /** As 2026-01-31. */
  readonly date: string
  readonly commit: string
  readonly machine: {
    readonly processor: string
    readonly processors: number
    /** GB. */
    readonly memory: number
    readonly node: string
    /** Of the minute before it ended; beyond the processors something else ran too. */
    readonly load: number
  }
  readonly rounds: number
  readonly seconds: number
  readonly endpoints: Endpoints
  readonly passwords: Passwords
  readonly starts: Starts
}

export const circumstances = (): Pick<Result, 'date' | 'commit' | 'machine'> => ({
  date: new Date().toISOString().slice(0, 10),
  commit: execFileSync('git', ['rev-parse', '--short', 'HEAD'], { encoding: 'utf8' }).trim(),
  machine: {
    processor: cpus()[0]?.model ?? 'unknown',
    processors: availableParallelism(),
    memory: Math.round(totalmem() / 2 ** 30),
    node: process.versions.node,
    load: Math.round(loadavg()[0] ?? 0),
  },
})
