import type { Middleware } from 'koa'
import { OAuthError } from '../oauth/error.ts'

/**
 * Answers 503 when the answer is not there after `milliseconds`: what happened meanwhile is unknown,
 * and what still happens changes nothing about this answer. A body that is still coming is the
 * peer's time, not ours; the connection's limits watch over that.
 */
export function deadline(milliseconds: number): Middleware {
  return (ctx, next) =>
    new Promise((resolve, reject) => {
      const watch = () =>
        setTimeout(() => {
          if (ctx.req.complete) reject(new OAuthError('temporarily_unavailable', 'try again', why))
          else timer = watch()
        }, milliseconds)
      let timer = watch()
      const end = () => clearTimeout(timer)
      // Where it fails after the deadline, nobody is left to tell.
      next().then(resolve, reject).finally(end)
    })
}

const why = { retryAfter: 1, cause: new Error('no answer within http.answerTimeout') }
