import { createHash } from 'node:crypto'
import type { Middleware } from 'koa'

/** Shorter than a new key is published before it signs (design D8), in seconds. */
const maxAge = 300

/** A document that changes only with the keys: made once, served as it is, cacheable and revalidated by ETag. */
export function document(content: object, type = 'application/json'): Middleware {
  const body = JSON.stringify(content)
  const etag = `"${createHash('sha256').update(body).digest('base64url').slice(0, 27)}"`
  return async (ctx) => {
    ctx.set('Cache-Control', `public, max-age=${maxAge}`)
    ctx.set('ETag', etag)
    ctx.status = 200
    if (ctx.fresh) {
      ctx.status = 304
      return
    }
    ctx.type = type
    ctx.body = body
  }
}
