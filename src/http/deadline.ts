import type { Middleware } from 'koa'
import { OAuthError } from '../oauth/error.ts'

/**
 * Answers 503 when the answer is not there after `milliseconds`: what happened meanwhile is unknown,
 * and what still happens changes nothing about this answer. A body that is still coming is the
 * peer's time, not ours; the connection's limits watch over that.
 */
export function deadline(milliseconds: number): Middleware {
  return async (ctx, next) => {
    const { promise: late, reject } = Promise.withResolvers<never>()
    const watch = () =>
      setTimeout(() => {
        if (ctx.req.complete) reject(new OAuthError('temporarily_unavailable', 'try again', why))
        else timer = watch()
      }, milliseconds)
    let timer = watch()
    const work = next()
    // Where it fails after the deadline, nobody is left to tell.
    work.catch(() => {})
    try {
      await Promise.race([work, late])
    } finally {
      clearTimeout(timer)
    }
  }
}

const why = { retryAfter: 1, cause: new Error('no answer within http.answerTimeout') }
