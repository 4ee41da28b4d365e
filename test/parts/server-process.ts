import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chownSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Who a server runs as: some refuse root. Without root it is whoever runs the tests. */
export interface Identity {
  readonly uid?: number
  readonly gid?: number
}

export function identityOf(user: string): Identity {
  if (process.getuid?.() !== 0) return {}
  const number = (flag: string) => Number(execFileSync('id', [flag, user], { encoding: 'utf8' }))
  return { uid: number('-u'), gid: number('-g') }
}

/** A folder for the data of a server, its own; gone at the latest when the process is. */
export function dataFolder(prefix: string, { uid, gid }: Identity = {}): string {
  const folder = mkdtempSync(join(tmpdir(), prefix))
  if (uid !== undefined && gid !== undefined) chownSync(folder, uid, gid)
  process.once('exit', () => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }))
  return folder
}

/** Runs a program that prepares data to its end. */
export function prepare(program: string, words: readonly string[], identity: Identity = {}): void {
  execFileSync(program, words, { ...identity, cwd: '/', stdio: ['ignore', 'ignore', 'pipe'] })
}

export interface ServerProcess {
  readonly child: ChildProcess
  /** Ends it by the signal and waits for its end. */
  end(signal: NodeJS.Signals): Promise<void>
}

/** Starts a server; `ready` is a line it writes once it can be asked. */
export async function startServer(
  program: string,
  words: readonly string[],
  ready: RegExp,
  identity: Identity = {},
): Promise<ServerProcess> {
  const child = spawn(program, words, { ...identity, cwd: '/', stdio: ['ignore', 'pipe', 'pipe'] })
  // A test run that dies must not leave servers behind. Before their folders are removed, which may
  // take longer than mocha lets a process end.
  const orphaned = () => child.kill('SIGKILL')
  process.prependOnceListener('exit', orphaned)
  child.once('exit', () => process.off('exit', orphaned))
  let output = ''
  await new Promise<void>((resolve, reject) => {
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk: Buffer) => {
        output = (output + chunk).slice(-10_000)
        if (ready.test(output)) resolve()
      })
    }
    child.once('error', reject)
    child.once('exit', () => reject(new Error(`${program} ended:\n${output}`)))
  })
  return {
    child,
    async end(signal) {
      if (child.exitCode !== null || child.signalCode !== null) return
      child.kill(signal)
      await once(child, 'exit')
    },
  }
}
