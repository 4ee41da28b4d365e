import type { Writable } from 'node:stream'

/**
 * To be called before a command: what is asked in one turn of the event loop goes out in one write, for a system call
 * costs more than all else of a command. A Cluster has a connection for each node, and nothing is gathered there.
 */
export function gathering(client: {
  readonly status: string
  readonly stream?: Writable
}): () => void {
  let gathers = false
  return () => {
    const { stream } = client
    if (gathers || stream === undefined) return
    gathers = true
    stream.cork()
    setImmediate(() => {
      gathers = false
      stream.uncork()
    })
  }
}
