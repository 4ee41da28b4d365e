import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { memoryOf } from './process.ts'
import { type Subject, startProgram } from './subject.ts'

/** `latchkey serve`, whose memory is watched. */
export interface Serving extends Subject {
  /** Bytes of resident memory: the most seen since the start, or since it was last forgotten. */
  peak(): number
  forgetPeak(): void
}

/** Starts the program with a configuration, whose file and data are in `folder`. */
export async function startServing(folder: string, url: string, config: object): Promise<Serving> {
  const file = join(folder, 'latchkey.yaml')
  await writeFile(file, JSON.stringify(config))
  const server = await startProgram({
    command: join(import.meta.dirname, '../bin/latchkey'),
    args: ['serve', '--config', file],
    folder,
    url,
  })
  let peak = 0
  const watch = setInterval(() => {
    peak = Math.max(peak, memoryOf(server.pid))
  }, 20)
  return {
    ...server,
    peak: () => peak,
    forgetPeak() {
      peak = 0
    },
    stop() {
      clearInterval(watch)
      return server.stop()
    },
  }
}
