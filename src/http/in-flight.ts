import type { IncomingMessage, ServerResponse } from 'node:http'

/** Its promise settles when the work is done, answered or not. */
export type Handler = (req: IncomingMessage, res: ServerResponse) => Promise<void>

export interface InFlight {
  readonly handle: Handler
  /** Resolves when nothing is under way any more, or after so many milliseconds. */
  settled(most: number): Promise<void>
}

/** Counts the requests that `handler` has not finished: neither the work, nor the sending of the answer. */
export function trackInFlight(handler: Handler): InFlight {
  let underWay = 0
  let onNone = () => {}
  const leave = () => {
    underWay--
    if (underWay === 0) onNone()
  }
  return {
    async handle(req, res) {
      underWay += 2
      res.once('close', leave)
      try {
        await handler(req, res)
      } finally {
        leave()
      }
    },
    async settled(most) {
      if (underWay === 0) return
      const { promise, resolve } = Promise.withResolvers<void>()
      onNone = resolve
      const late = setTimeout(resolve, most)
      await promise
      clearTimeout(late)
    },
  }
}
