import { type DestinationStream, pino } from 'pino'

let output: DestinationStream | undefined

/**
 * Standard output, written once a turn of the event loop: what many requests say in one turn is one
 * call of the system, and nothing is held back for longer. What was said is out before the process
 * ends by itself.
 */
export function standardOutput(): DestinationStream {
  output ??= open()
  return output
}

/** The same for people to read. */
export async function readableOutput(): Promise<DestinationStream> {
  const { default: pretty } = await import('pino-pretty')
  const readable = pretty.prettyFactory({ singleLine: true })
  const output = standardOutput()
  return { write: (line) => output.write(readable(line)) }
}

/** Characters that may wait for the end of the turn. */
const longest = 65_536

function open(): DestinationStream {
  const stream = pino.destination({ fd: 1, sync: true })
  let pending = ''
  const flush = () => {
    if (pending !== '') stream.write(pending)
    pending = ''
  }
  process.on('exit', flush)
  return {
    write(line) {
      if (pending === '') setImmediate(flush)
      pending += line
      if (pending.length > longest) flush()
    },
  }
}
