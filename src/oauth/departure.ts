import type { ServerResponse } from 'node:http'

/** Aborted when the exchange is over: answered, or the client has hung up and nobody waits any more. */
export function departure(res: ServerResponse): AbortSignal {
  const over = new AbortController()
  const end = () => over.abort('over')
  if (res.closed) end()
  else res.once('close', end)
  return over.signal
}
