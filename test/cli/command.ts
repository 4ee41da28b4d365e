import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'

export interface Finished {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

export const binary = join(import.meta.dirname, '../../bin/latchkey')

/** Half of each start is reading TypeScript, which need be done once only. */
const compiled = join(import.meta.dirname, '../../node_modules/.cache/compiled')

export interface Surroundings {
  /** What a pipe brings; nothing, if left out. */
  readonly input?: string
  readonly environment?: Readonly<Record<string, string>>
  /** The system's PATH, without the project's own node, if left out. */
  readonly path?: string
  readonly folder?: string
  readonly binary?: string
}

/** The real command, as an operator runs it. */
export const startLatchkey = (words: readonly string[], around: Surroundings = {}) =>
  spawn(around.binary ?? binary, words, {
    env: {
      PATH: around.path ?? '/usr/local/bin:/usr/bin:/bin',
      NODE_COMPILE_CACHE: compiled,
      ...around.environment,
    },
    ...(around.folder && { cwd: around.folder }),
  })

/** Runs it to its end. */
export async function latchkey(
  words: readonly string[],
  around: Surroundings = {},
): Promise<Finished> {
  const child = startLatchkey(words, around)
  child.stdin.on('error', () => undefined).end(around.input)
  const [stdout, stderr, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close'),
  ])
  return { code, stdout, stderr }
}
