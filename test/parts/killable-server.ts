import { fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { Config } from '../../src/config/schema.ts'
import { createLog } from '../../src/http/log.ts'
import { startService } from '../../src/service.ts'

const compiled = join(import.meta.dirname, '../../node_modules/.cache/compiled')

export interface KillableServer {
  readonly url: string
  readonly pid: number
  /** SIGKILL. */
  kill(): Promise<void>
  stop(): Promise<void>
}

/** A server of this configuration in a process of its own, with these variables in its environment. */
export async function startKillableServer(
  config: object,
  environment: NodeJS.ProcessEnv = {},
): Promise<KillableServer> {
  const child = fork(import.meta.filename, {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    // Most of a start is reading TypeScript.
    env: { ...process.env, NODE_COMPILE_CACHE: compiled, ...environment },
  })
  const gone = once(child, 'exit').then(() => {
    throw new Error('the server ended')
  })
  gone.catch(() => undefined)
  const said = Promise.race([once(child, 'message'), gone])
  child.send(config)
  const [url] = await said
  const end = async (signal: NodeJS.Signals) => {
    if (child.exitCode !== null || child.signalCode !== null) return
    const exit = once(child, 'exit')
    child.kill(signal)
    await exit
  }
  const pid = child.pid ?? 0
  return { url: String(url), pid, kill: () => end('SIGKILL'), stop: () => end('SIGTERM') }
}

if (process.argv[1] === import.meta.filename) {
  // A test run that dies must not leave servers behind.
  process.once('disconnect', () => process.exit())
  process.once('message', async (settings) => {
    const log = await createLog({ level: 'silent', pretty: false })
    const service = await startService(Config.parse(settings), log)
    process.send?.(service.url)
  })
}
