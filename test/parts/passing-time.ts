import { renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { withClock } from '../faults/clock.ts'

export interface PassingTime {
  /** What every process under this time is started with. */
  readonly environment: Readonly<Record<string, string>>
  /** Seconds since the epoch, as those processes have it. */
  now(): number
  /** Lets so many seconds pass at once: all clocks of the processes go on, and their timers with them. */
  pass(seconds: number): void
}

/** Unlike a clock that is set (test/faults/clock.ts), which monotonic clocks and timers know nothing of. */
export function passingTime(folder: string): PassingTime {
  const { FAKETIME_DONT_FAKE_MONOTONIC: _, ...environment } = withClock(folder).environment ?? {}
  let ahead = 0
  return {
    environment,
    now: () => Date.now() / 1000 + ahead,
    pass(seconds) {
      ahead += seconds
      // Whole at every moment: a clock that reads half a file stops its process.
      const written = join(folder, 'clock.next')
      writeFileSync(written, `+${ahead}`)
      renameSync(written, join(folder, 'clock'))
    },
  }
}
