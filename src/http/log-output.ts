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

function open(): DestinationStream {
  const stream = pino.destination({ fd: 1, sync: true, minLength: 8192 })
  let due = false
  const flush = () => {
    due = false
    stream.flush()
  }
  process.on('exit', flush)
  return {
    write(line) {
      stream.write(line)
      if (due) return
      due = true
      setImmediate(flush)
    },
  }
}
