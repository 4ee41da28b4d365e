import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import type { Launch } from '../parts/redis.ts'
import type { Orders } from './altered-state.ts'

export interface Server {
  readonly url: string
  readonly pid: number
  order(orders: Orders): void
  /** SIGSTOP: connections stay open, and nothing answers. */
  pause(): void
  resume(): void
  /** Resolves when it has ended, for whatever reason. */
  readonly ended: Promise<unknown>
  end(signal: NodeJS.Signals): Promise<void>
}

const program = new URL('server-process.ts', import.meta.url)
// A limit on file sizes is the full disk that needs no file system; it must not end the process.
const hardened = ['sh', '-c', 'trap "" XFSZ; exec "$0" "$@"']

/** Starts a server process with this configuration and waits until it listens. */
export async function startServer(
  config: object,
  { words = [], environment = {} }: Launch = {},
): Promise<Server> {
  const [execPath = '', ...execArgv] = [...words, ...hardened, process.execPath]
  const child = fork(program, [], {
    execPath,
    execArgv,
    env: { ...process.env, ...environment },
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
  const orphaned = () => child.kill('SIGKILL')
  process.once('exit', orphaned)
  const ended = once(child, 'exit').finally(() => process.off('exit', orphaned))
  await answer(child)
  child.send({ config })
  const said = await answer(child)
  if (!('url' in said)) throw new Error(`a server did not start: ${JSON.stringify(said)}`)
  return {
    url: String(said.url),
    pid: Number(child.pid),
    ended,
    order: (orders) => void child.send(orders),
    pause: () => void child.kill('SIGSTOP'),
    resume: () => void child.kill('SIGCONT'),
    async end(signal) {
      child.kill(signal)
      await ended
    },
  }
}

async function answer(child: ChildProcess): Promise<object> {
  const [said] = await Promise.race([
    once(child, 'message'),
    once(child, 'exit').then(([code, signal]) => {
      throw new Error(`a server ended while it started: ${code ?? signal}`)
    }),
  ])
  return typeof said === 'object' ? said : {}
}
