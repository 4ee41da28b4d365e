import type { IncomingMessage } from 'node:http'
import type { Middleware } from 'koa'
import { factsOf } from '../oauth/request.ts'
import { protocolError } from '../oauth/responses.ts'

/** Headers that every answer has: JSON for programs, never a page, never sniffed, framed or cached by accident. */
export const securityFields = (https: boolean): Readonly<Record<string, string>> => ({
  'X-Content-Type-Options': 'nosniff',
  'Content-Security-Policy': "default-src 'none'; frame-ancestors 'none'",
  'Referrer-Policy': 'no-referrer',
  ...(https && { 'Strict-Transport-Security': 'max-age=31536000' }),
})

export function securityHeaders(https: boolean): Middleware {
  const fields = securityFields(https)
  return async (ctx, next) => {
    ctx.set(fields)
    await next()
  }
}

/** More fields than any client or proxy sends. */
const mostFields = 100

export const tooManyFields = ({ rawHeaders }: IncomingMessage): boolean =>
  rawHeaders.length > mostFields * 2

/** Refuses a head of more fields than are worth reading (RFC 6585 section 5). */
export const boundFields: Middleware = async (ctx, next) => {
  if (!tooManyFields(ctx.req)) return next()
  ctx.status = 431
  const description = `there are more than ${mostFields} header fields`
  ctx.body = { error: 'invalid_request', error_description: description }
  return undefined
}

const host = /^([A-Za-z0-9._~-]+|\[[0-9A-Fa-f:.]+\])?(:[0-9]{0,5})?$/

/** Whether there is one Host at most, and that can be one. */
export function hostIsValid({ rawHeaders, headers }: IncomingMessage): boolean {
  let hosts = 0
  for (let at = 0; at < rawHeaders.length; at += 2)
    if (rawHeaders[at]?.length === 4 && rawHeaders[at]?.toLowerCase() === 'host') hosts++
  return hosts <= 1 && host.test(headers.host ?? '')
}

/**
 * Refuses what Node's parser lets through: two Host headers, and a Host that is none
 * (RFC 9112 section 3.2). Nothing here is ever built from Host, but what stands in front may be.
 */
export const checkHost: Middleware = async (ctx, next) => {
  if (!hostIsValid(ctx.req)) {
    ctx.status = 400
    ctx.body = { error: 'invalid_request', error_description: 'the Host header is not valid' }
    return
  }
  await next()
}

/** JSON for the answers that no endpoint gave: 404, 405 (with Allow), 501, and 503 or 500 for our own faults. */
export const fallback: Middleware = async (ctx, next) => {
  try {
    await next()
  } catch (failure) {
    factsOf(ctx).failure = failure
    const { status, code, retryAfter, message } = protocolError(failure)
    ctx.status = status
    if (retryAfter !== undefined) ctx.set('Retry-After', String(retryAfter))
    ctx.body = { error: code, error_description: message }
  }
  const { status } = ctx
  if (status < 400 || (ctx.body !== undefined && ctx.body !== null)) return
  const description =
    status === 404 ? 'there is nothing here' : 'this method is not for this resource'
  ctx.body = { error: 'invalid_request', error_description: description }
  ctx.status = status
}
