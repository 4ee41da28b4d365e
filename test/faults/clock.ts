import { globSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Launch } from '../parts/redis.ts'

const fileIn = (folder: string) => join(folder, 'clock')

/** Sets the servers' clock by this many seconds off the true time; monotonic clocks go on as they are. */
export function setClock(folder: string, seconds: number): void {
  writeFileSync(fileIn(folder), `${seconds < 0 ? '' : '+'}${seconds}`)
}

/** What a server is started with, to have a clock that can be set (Debian: faketime). Redis cannot bear it. */
export function withClock(folder: string): Launch {
  const [library] = globSync('/usr/lib/*/faketime/libfaketimeMT.so.1')
  if (library === undefined) throw new Error('libfaketime is missing: apt-get install faketime')
  setClock(folder, 0)
  return {
    environment: {
      LD_PRELOAD: library,
      FAKETIME_TIMESTAMP_FILE: fileIn(folder),
      FAKETIME_NO_CACHE: '1',
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
    },
  }
}
