import { createHash } from 'node:crypto'
import type { Middleware } from 'koa'
import { OAuthError } from '../oauth/error.ts'
import type { RevocationFeed } from '../tokens/revocation-feed.ts'

export const revocationsPath = '/revocations'

/** Seconds that a request may wait for news: less than proxies wait for an answer. */
export const longestWait = 25

/**
 * GET /revocations: what ended before its time (ADR 0007). Without `after` all that is kept; with it
 * what came later, waited for during `wait` seconds.
 */
export function revocations(feed: RevocationFeed): Middleware {
  return async (ctx) => {
    const after = only(ctx.query.after)
    const wait = only(ctx.query.wait)
    if (after.length > 100 || !/^\d{0,2}$/.test(wait) || Number(wait) > longestWait) {
      throw new OAuthError(
        'invalid_request',
        `after is a position, and wait at most ${longestWait}`,
      )
    }
    const gone = new AbortController()
    ctx.res.once('close', () => gone.abort())
    const jwt = await feed.read(after, Number(wait), gone.signal)
    // Who waits wants what is new now, not what a cache was told a second ago.
    ctx.set('Cache-Control', wait === '' ? 'public, max-age=1' : 'no-store')
    // Of these very bytes: an answer that a cache revalidated without fetching it anew would be as old as before.
    ctx.set('ETag', `"${createHash('sha256').update(jwt).digest('base64url')}"`)
    ctx.status = 200
    if (ctx.fresh) {
      ctx.status = 304
      return
    }
    ctx.type = 'application/revocations+jwt'
    ctx.body = jwt
  }
}

const only = (value: string | string[] | undefined): string => [value ?? ''].flat().join(' ')
