import { type ChildProcess, fork, spawn } from 'node:child_process'
import { once } from 'node:events'
import { resolve } from 'node:path'
import { until } from '../test/parts/until.ts'
import { type Manner, usual } from './manner.ts'
import { cpuOf } from './process.ts'

/** A server under measurement, in a process of its own. */
export interface Subject {
  readonly url: string
  readonly manner: Manner
  readonly pid: number
  /** CPU time the process has used so far, in microseconds. */
  cpu(): Promise<number>
  stop(): Promise<void>
}

type Message = { readonly url: string } | { readonly cpu: number }

/** Called inside the server's process: says where it listens and answers for its CPU time. */
export function answerCpu(url: string, stop: () => Promise<void>): void {
  process.on('message', (message) => {
    if (message === 'stop') {
      stop().then(() => process.disconnect())
      return
    }
    const { user, system } = process.cpuUsage()
    process.send?.({ cpu: user + system })
  })
  // A bench that failed must not leave servers behind.
  process.once('disconnect', () => process.exit())
  process.send?.({ url })
}

/** A server of ours: a file of this folder that calls answerCpu, on Node with these flags. */
export async function startSubject(
  file: string,
  args: readonly string[],
  flags: string[] = [],
): Promise<Subject> {
  const child = fork(resolve(import.meta.dirname, file), args, {
    execArgv: flags,
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
  const ready = await next(child)
  if (!('url' in ready)) throw new Error('the server did not say where it is')
  return {
    url: ready.url,
    manner: usual,
    pid: child.pid ?? 0,
    async cpu() {
      child.send('cpu')
      const answer = await next(child)
      return 'cpu' in answer ? answer.cpu : 0
    },
    async stop() {
      child.send('stop')
      await once(child, 'exit')
    },
  }
}

export interface Program {
  readonly command: string
  readonly args: readonly string[]
  readonly folder: string
  readonly url: string
  readonly environment?: Readonly<Record<string, string>>
  readonly manner?: Manner
}

/** A server of others, ready when it answers at all. */
export async function startProgram(program: Program): Promise<Subject> {
  const { command, args, folder, url, environment, manner = usual } = program
  const child = spawn(command, args, {
    cwd: folder,
    env: { PATH: process.env.PATH, ...environment },
    stdio: 'ignore',
  })
  const { pid } = child
  if (pid === undefined) {
    const [error] = await once(child, 'error')
    throw new Error(`${command} cannot be started`, { cause: error })
  }
  // A bench that failed must not leave servers behind.
  const end = () => child.kill()
  process.once('exit', end)
  child.once('exit', () => process.off('exit', end))
  const answers = () =>
    fetch(url).then(
      () => true,
      () => child.exitCode !== null,
    )
  await until(answers, (there) => there, 30_000)
  if (child.exitCode !== null) throw new Error(`${command} ended instead of answering`)
  return {
    url,
    manner,
    pid,
    cpu: async () => cpuOf(pid),
    async stop() {
      child.kill('SIGTERM')
      if (child.exitCode === null) await once(child, 'exit')
    },
  }
}

async function next(child: ChildProcess): Promise<Message> {
  const done = new AbortController()
  const { signal } = done
  const gone = once(child, 'exit', { signal }).then(() => {
    throw new Error('the server ended')
  })
  try {
    const [message] = await Promise.race([once(child, 'message', { signal }), gone])
    return message as Message
  } finally {
    gone.catch(() => undefined)
    done.abort()
  }
}
