import type { IncomingMessage } from 'node:http'
import type { Context, Middleware } from 'koa'
import { factsOf, type RequestFacts } from '../oauth/request.ts'
import { protocolError } from '../oauth/responses.ts'
import type { Arrive } from './arrival.ts'
import { refusalOf, securityFields } from './headers.ts'
import { placeUnder } from './mount.ts'

export interface ExchangeParts {
  readonly issuer: string
  readonly arrive: Arrive
  /** Told of every request when its answer is known, with the milliseconds it took. */
  readonly tell: readonly ((ctx: Context, facts: RequestFacts, ms: number) => void)[]
}

/**
 * What every request meets first and every answer last: an id and an address, the fields that all answers have, the
 * checks of the head, a body for the answers that no endpoint gave, and who is told of it. One middleware, as each
 * costs a promise, two closures and two turns of the queue, whatever it does.
 */
export function exchange({ issuer, arrive, tell }: ExchangeParts): Middleware {
  const fields = Object.entries(securityFields(issuer.startsWith('https:')))
  const locate = placeUnder(issuer)
  return async (ctx, next) => {
    const start = performance.now()
    const { req, res } = ctx
    const facts: RequestFacts = arrive(req)
    ctx.state = facts
    res.setHeader('X-Request-Id', facts.id)
    for (const [name, value] of fields) res.setHeader(name, value)
    try {
      if (mayEnter(ctx, req, locate)) await next()
    } catch (failure) {
      fail(ctx, failure)
    }
    completeAnswer(ctx)
    const ms = performance.now() - start
    for (const one of tell) one(ctx, facts, ms)
  }
}

function mayEnter(
  ctx: Context,
  req: IncomingMessage,
  locate: (path: string) => string | undefined,
): boolean {
  const refusal = refusalOf(req)
  if (refusal !== undefined) {
    ctx.status = refusal.status
    ctx.body = { error: 'invalid_request', error_description: refusal.description }
    return false
  }
  const { path } = ctx
  const place = locate(path)
  if (place === undefined) ctx.status = 404
  else if (place !== path) ctx.path = place
  return place !== undefined
}

/** 503 or 500 for our own faults, and what an endpoint refused without a form of its own. */
function fail(ctx: Context, failure: unknown): void {
  const error = protocolError(failure)
  factsOf(ctx).failure = error
  const { status, code, retryAfter, message } = error
  ctx.status = status
  if (retryAfter !== undefined) ctx.set('Retry-After', String(retryAfter))
  ctx.body = { error: code, error_description: message }
}

/** JSON for the answers that no endpoint gave: 404, 405 (with Allow), 501. */
function completeAnswer(ctx: Context): void {
  const { status, body } = ctx
  if (status < 400 || (body !== undefined && body !== null)) return
  const description =
    status === 404 ? 'there is nothing here' : 'this method is not for this resource'
  ctx.body = { error: 'invalid_request', error_description: description }
  ctx.status = status
}
