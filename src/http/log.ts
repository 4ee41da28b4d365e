import type { Middleware } from 'koa'
import { type Logger, pino } from 'pino'
import { factsOf } from '../oauth/request.ts'
import { protocolError } from '../oauth/responses.ts'
import { standardOutput } from './log-output.ts'
import { revocationsPath } from './revocations.ts'

export type { Logger } from 'pino'

export interface LogOptions {
  readonly level: string
  readonly pretty: boolean
}

/** JSON lines on standard output, or lines for people. */
export function createLog({ level, pretty }: LogOptions): Logger {
  const options = { level, base: null, timestamp: pino.stdTimeFunctions.isoTime }
  if (!pretty) return pino(options, standardOutput())
  const transport = { target: 'pino-pretty', options: { ignore: 'hostname,pid', singleLine: true } }
  return pino({ ...options, transport })
}

/** What a refusal is called in the audit log, by endpoint. Successes name themselves. */
const refusals: Readonly<Record<string, string>> = {
  '/token': 'token.refused',
  '/revoke': 'revocation.refused',
}

/**
 * One line a request, and one audit line for each token issued, refused or revoked. Neither holds a
 * query, a body, a header beyond the user agent, or a name that no user or client has: a password
 * typed into the wrong field would be among them.
 */
export function requestLog(log: Logger): Middleware {
  const requests = log.child({ log: 'request' })
  const audit = log.child({ log: 'audit' })
  return async (ctx, next) => {
    const start = performance.now()
    await next()
    const facts = factsOf(ctx)
    const { id, address } = facts
    const failure = facts.failure === undefined ? undefined : protocolError(facts.failure)
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
    const line = {
      id,
      method: ctx.method,
      path: ctx.path.slice(0, 200),
      status: ctx.status,
      ms: Math.round((performance.now() - start) * 10) / 10,
      address,
    }
    if (ctx.status >= 500) requests.error({ ...line, error: describe(failure?.cause) }, 'request')
    // Every API asks every few seconds.
    else requests[ctx.path === revocationsPath ? 'debug' : 'info'](line, 'request')
  }
}

/** Name, message and place of an error of ours: never what it was given. */
function describe(cause: unknown): string | undefined {
  if (!(cause instanceof Error)) return undefined
  const place = cause.stack?.split('\n').find((line) => line.trim().startsWith('at '))
  return `${cause.name}: ${cause.message.slice(0, 300)}${place === undefined ? '' : ` (${place.trim()})`}`
}
