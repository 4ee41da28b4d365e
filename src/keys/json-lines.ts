import { connect, type Socket } from 'node:net'
import { SigningUnavailable } from './signing-device.ts'

export type Answer = Readonly<Record<string, unknown>>

/** A process at a unix socket that answers each line of JSON by another, in any order; `id` says which. */
export interface JsonLines {
  /** Throws SigningUnavailable: nobody there, an `error` in the answer, or none within so many milliseconds. */
  ask(request: object, patience: number): Promise<Answer>
  close(): void
}

/** A status list is the longest that is signed, and base64 makes a third more of it. */
const longestLine = 2 ** 25
/** Answers that are waited for at once. */
const mostWaiting = 1000

interface Waiting {
  readonly resolve: (answer: Answer) => void
  readonly reject: (reason: SigningUnavailable) => void
}

/** Connects at the first question, and anew at the first after the connection broke. */
export function jsonLines(path: string): JsonLines {
  const waiting = new Map<number, Waiting>()
  let socket: Socket | undefined
  let last = 0

  const connected = () => {
    const own = connect(path).setEncoding('utf8').unref()
    const broken = (reason: string) => {
      own.destroy()
      if (socket !== own) return
      socket = undefined
      for (const { reject } of waiting.values())
        reject(new SigningUnavailable(`${path}: ${reason}`))
    }
    own.on(
      'data',
      lines(take, () => broken('it answers with a line that never ends')),
    )
    own.on('error', ({ message }) => broken(message))
    own.on('close', () => broken('it closed the connection'))
    return own
  }

  const take = (line: string) => {
    const answer = parse(line)
    // Late: who asked has given up.
    const asked = waiting.get(Number(answer.id))
    if (asked === undefined) return
    if (!('error' in answer)) asked.resolve(answer)
    else asked.reject(new SigningUnavailable(`${path}: it says ${printable(answer.error)}`))
  }

  return {
    async ask(request, patience) {
      const id = ++last
      const line = `${JSON.stringify({ id, ...request })}\n`
      if (line.length > longestLine) throw new SigningUnavailable(`${path}: too much to sign`)
      if (waiting.size >= mostWaiting) throw new SigningUnavailable(`${path}: it does not keep up`)
      const { promise, resolve, reject } = Promise.withResolvers<Answer>()
      const late = () => reject(new SigningUnavailable(`${path}: no answer in ${patience} ms`))
      const timer = setTimeout(late, patience)
      waiting.set(id, { resolve, reject })
      socket ??= connected()
      socket.write(line)
      return await promise.finally(() => {
        clearTimeout(timer)
        waiting.delete(id)
      })
    },
    close() {
      socket?.destroy()
    },
  }
}

/** Cuts what arrives into lines. */
function lines(take: (line: string) => void, tooLong: () => void) {
  let rest = ''
  return (chunk: string | Buffer) => {
    const [first = '', ...others] = String(chunk).split('\n')
    rest += first
    for (const next of others) {
      take(rest)
      rest = next
    }
    if (rest.length > longestLine) tooLong()
  }
}

function parse(line: string): Answer {
  try {
    const value: unknown = JSON.parse(line)
    return typeof value === 'object' && value !== null ? { ...value } : {}
  } catch {
    return {}
  }
}

const printable = (text: unknown): string =>
  JSON.stringify(
    String(text)
      .replace(/[^\x20-\x7e]/g, '?')
      .slice(0, 200),
  )
