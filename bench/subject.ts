import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'

/** A server under measurement, in a process of its own. */
export interface Subject {
  readonly url: string
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
  process.send?.({ url })
}

export async function startSubject(file: string, args: readonly string[]): Promise<Subject> {
  const child = fork(join(import.meta.dirname, file), args, {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
  const ready = await next(child)
  if (!('url' in ready)) throw new Error('the server did not say where it is')
  return {
    url: ready.url,
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

async function next(child: ChildProcess): Promise<Message> {
  const gone = once(child, 'exit').then(() => {
    throw new Error('the server ended')
  })
  const [message] = await Promise.race([once(child, 'message'), gone])
  return message as Message
}
