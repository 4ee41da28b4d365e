import { Agent, request } from 'node:http'
import { setTimeout as pause } from 'node:timers/promises'
import { quantile } from './statistics.ts'

export interface Call {
  readonly path: string
  readonly method?: 'GET' | 'POST'
  readonly form?: string
  readonly authorization?: string
}

/** The address that a caller calls from. */
export type HomeOf = (caller: number) => string

/** Gives the next call of a caller, who is told the body of the answer to its last. */
export type NextCall = (caller: number, last: string) => Call

export interface Load {
  readonly requests: number
  /** Requests that were not answered 200. */
  readonly failures: number
  readonly seconds: number
  /** Milliseconds. */
  readonly p50: number
  readonly p99: number
}

/** Runs `connections` callers for `seconds`; each makes its next call when it has the answer to its last. */
export async function load(
  url: string,
  connections: number,
  seconds: number,
  next: NextCall,
): Promise<Load> {
  const start = performance.now()
  const end = start + seconds * 1000
  return callers(url, connections, next, start, async () => performance.now() < end)
}

/** The time from one call to the next, around its mean. */
type Spacing = (mean: number) => number
export const even: Spacing = (mean) => mean
/** As of many clients that know nothing of one another: a Poisson process. */
export const independent: Spacing = (mean) => -mean * Math.log(1 - Math.random())

/**
 * `rate` calls a second, however long the answers take: a call that finds all `connections` at work waits since it
 * was due, so that a slow answer is not hidden by the calls that waited for it.
 */
export async function steadyLoad(
  url: string,
  connections: number,
  seconds: number,
  rate: number,
  next: NextCall,
  { spacing = even, homeOf }: { readonly spacing?: Spacing; readonly homeOf?: HomeOf } = {},
): Promise<Load> {
  const start = performance.now()
  const total = Math.floor(rate * seconds)
  let taken = 0
  let latest = start
  const turn = async () => {
    // A server that cannot keep up would be asked for ever.
    if (taken >= total || performance.now() - start > 2000 * seconds) return false
    taken += 1
    latest += spacing(1000 / rate)
    const due = latest
    const early = due - performance.now()
    if (early <= 0) return due
    await pause(early)
    // A timer's being late is not the server's.
    return performance.now()
  }
  return callers(url, connections, next, start, turn, homeOf)
}

/** `turn` says whether a caller goes on, and since when its call is due if that is not now. */
async function callers(
  url: string,
  connections: number,
  next: NextCall,
  start: number,
  turn: () => Promise<boolean | number>,
  homeOf?: HomeOf,
): Promise<Load> {
  const agent = new Agent({ keepAlive: true, maxSockets: connections })
  const times: number[] = []
  let failures = 0
  await Promise.all(
    Array.from({ length: connections }, async (_, caller) => {
      let last = ''
      for (let due = await turn(); due !== false; due = await turn()) {
        const since = due === true ? performance.now() : due
        const answer = await send(agent, url, next(caller, last), homeOf?.(caller))
        times.push(performance.now() - since)
        if (answer.status !== 200) failures += 1
        last = answer.body
      }
    }),
  )
  agent.destroy()
  return {
    requests: times.length,
    failures,
    seconds: (performance.now() - start) / 1000,
    p50: quantile(times, 0.5),
    p99: quantile(times, 0.99),
  }
}

export function send(
  agent: Agent,
  url: string,
  { path, method = 'POST', form, authorization }: Call,
  localAddress?: string,
): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const sent = request(url + path, {
      agent,
      method,
      localAddress,
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
