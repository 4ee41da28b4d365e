import type { Context } from 'koa'
import { type Logger, pino } from 'pino'
import type { OAuthError } from '../oauth/error.ts'
import type { RequestFacts } from '../oauth/request.ts'
import { readableOutput, standardOutput } from './log-output.ts'
import { revocationsPath } from './revocations.ts'

export type { Logger } from 'pino'

export interface LogOptions {
  readonly level: string
  readonly pretty: boolean
}

/** JSON lines on standard output, or lines for people. */
export async function createLog({ level, pretty }: LogOptions): Promise<Logger> {
  const output = pretty ? await readableOutput() : standardOutput()
  return pino({ level, base: null, timestamp: timestamps() }, output)
}

/** The time in ISO 8601: under load many lines share a millisecond, and all but the milliseconds with those of a second. */
function timestamps(): () => string {
  let last = 0
  let second = 0
  let upToSecond = ''
  let text = ''
  return () => {
    const now = Date.now()
    if (now === last) return text
    last = now
    const milliseconds = now % 1000
    if (now - milliseconds !== second) {
      second = now - milliseconds
      upToSecond = `,"time":"${new Date(second).toISOString().slice(0, -4)}`
    }
    text = `${upToSecond}${String(milliseconds).padStart(3, '0')}Z"`
    return text
  }
}

/** What a refusal is called in the audit log, by endpoint. Successes name themselves. */
const refusals: Readonly<Record<string, string>> = {
  '/token': 'token.refused',
  '/revoke': 'revocation.refused',
}

export interface RequestLine {
  readonly id: string
  readonly method: string
  /** Below the issuer. */
  readonly path: string
  readonly status: number
  readonly ms: number
  readonly address: string
}
export type LogRequest = (line: RequestLine, error?: string) => void

/** The line that every request has. */
export function requestLines(log: Logger): LogRequest {
  const requests = log.child({ log: 'request' })
  return (request, error) => {
    const { path, ms } = request
    const line = { ...request, path: path.slice(0, 200), ms: Math.round(ms * 10) / 10 }
    if (request.status >= 500) requests.error({ ...line, error }, 'request')
    // Every API asks every few seconds.
    else requests[path === revocationsPath ? 'debug' : 'info'](line, 'request')
  }
}

/**
 * One line a request, and one audit line for each token issued, refused or revoked. Neither holds a
 * query, a body, a header beyond the user agent, or a name that no user or client has: a password
 * typed into the wrong field would be among them.
 */
export function requestLog(
  log: Logger,
  logRequest: LogRequest,
): (ctx: Context, facts: RequestFacts, ms: number) => void {
  const audit = log.child({ log: 'audit' })
  return (ctx, facts, ms) => {
    const { id, address } = facts
    const { failure } = facts
    const refusal = failure && ctx.status < 500 ? refusals[ctx.path] : undefined
    const event = refusal ?? facts.audit?.event
    if (event !== undefined) {
      const client = facts.presented?.registered ? facts.presented.id : undefined
      const cause = failure?.cause instanceof Error ? failure.cause.message : undefined
      audit.info({
        id,
        address,
        ...(client !== undefined && { client }),
        ...facts.audit,
        ...(facts.throttled !== undefined && { budget: facts.throttled }),
        ...(failure && {
          error: failure.code,
          reason: facts.audit?.reason ?? cause ?? failure.message,
        }),
        event,
      })
    }
    const { method, path, status } = ctx
    logRequest({ id, method, path, status, ms, address }, describe(failure))
  }
}

/** Name and message of an error of ours, and the place of one that nobody foresaw: never what it was given. */
function describe(failure: OAuthError | undefined): string | undefined {
  const cause = failure?.cause
  if (!(cause instanceof Error)) return undefined
  const said = `${cause.name}: ${cause.message.slice(0, 300)}`
  if (failure?.code !== 'server_error') return said
  const place = cause.stack?.split('\n').find((line) => line.trim().startsWith('at '))
  return place === undefined ? said : `${said} (${place.trim()})`
}
