import { Agent, request } from 'node:http'

export interface Call {
  readonly path: string
  readonly method?: 'GET' | 'POST'
  readonly form?: string
  readonly authorization?: string
}

export interface Load {
  readonly requests: number
  /** Requests that were not answered 200. */
  readonly failures: number
  readonly seconds: number
  /** Milliseconds. */
  readonly p50: number
  readonly p99: number
}

/**
 * Runs `connections` callers for `seconds`; each makes its next call when it has the answer to its
 * last. `next` gives the call, and is told the body of the answer before.
 */
export async function load(
  url: string,
  connections: number,
  seconds: number,
  next: (caller: number, last: string) => Call,
): Promise<Load> {
  const agent = new Agent({ keepAlive: true, maxSockets: connections })
  const times: number[] = []
  let failures = 0
  const start = performance.now()
  const end = start + seconds * 1000
  await Promise.all(
    Array.from({ length: connections }, async (_, caller) => {
      let last = ''
      while (performance.now() < end) {
        const before = performance.now()
        const answer = await send(agent, url, next(caller, last))
        times.push(performance.now() - before)
        if (answer.status !== 200) failures += 1
        last = answer.body
      }
    }),
  )
  agent.destroy()
  times.sort((a, b) => a - b)
  const at = (share: number) =>
    times[Math.min(times.length - 1, Math.floor(times.length * share))] ?? 0
  return {
    requests: times.length,
    failures,
    seconds: (performance.now() - start) / 1000,
    p50: at(0.5),
    p99: at(0.99),
  }
}

export function send(
  agent: Agent,
  url: string,
  { path, method = 'POST', form, authorization }: Call,
): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const sent = request(url + path, {
      agent,
      method,
      headers: {
        ...(form !== undefined && { 'Content-Type': 'application/x-www-form-urlencoded' }),
        ...(authorization !== undefined && { Authorization: authorization }),
      },
    })
    sent.on('error', reject)
    sent.on('response', (response) => {
      let body = ''
      response.setEncoding('utf8')
      response.on('data', (chunk: string) => {
        body += chunk
      })
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body }))
    })
    sent.end(form)
  })
}
