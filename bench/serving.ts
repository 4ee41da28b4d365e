import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
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

const root = join(import.meta.dirname, '..')

/** As `npm start` does: who does not would measure the TypeScript. Another tree may be older than the bundle. */
export function freshBundle(tree = root): void {
  if (!existsSync(join(tree, 'scripts/bundle.ts'))) return
  execFileSync(process.execPath, ['scripts/bundle.ts', '--if-stale'], { cwd: tree })
}

/** Starts the program, that of another checkout if told so, with a configuration, whose file and data are in `folder`. */
export async function startServing(
  folder: string,
  url: string,
  config: object,
  tree = root,
): Promise<Serving> {
  freshBundle(tree)
  const file = join(folder, 'latchkey.yaml')
  await writeFile(file, JSON.stringify(config))
  const server = await startProgram({
    command: join(tree, 'bin/latchkey'),
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
