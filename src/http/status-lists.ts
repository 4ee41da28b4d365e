import type { Middleware } from 'koa'
import { type StatusListTokens, statusListTimes } from '../tokens/status/document.ts'

const mediaType = 'application/statuslist+jwt'

/** GET /status-lists/:client/:number (draft-ietf-oauth-status-list-21 section 8). */
export function statusList(tokens: StatusListTokens): Middleware {
  return async (ctx) => {
    // Section 8.4: lists of the past are not kept.
    if (ctx.query.time !== undefined) {
      ctx.status = 501
      ctx.body = { error: 'invalid_request', error_description: 'lists of the past are not kept' }
      return
    }
    if (!ctx.accepts(mediaType)) {
      ctx.status = 406
      ctx.body = { error: 'invalid_request', error_description: `status lists are ${mediaType}` }
      return
    }
    const token = await tokens.read(`${ctx.params.client}/${ctx.params.number}`)
    if (token === undefined) {
      ctx.status = 404
      return
    }
    ctx.vary('Accept-Encoding')
    const coding = ctx.acceptsEncodings('gzip', 'identity') === 'gzip' ? 'gzip' : undefined
    ctx.set('Cache-Control', `public, max-age=${statusListTimes.ttl}`)
    ctx.set('ETag', `"${token.tag}${coding ?? ''}"`)
    ctx.status = 200
    if (ctx.fresh) {
      ctx.status = 304
      return
    }
    if (coding) ctx.set('Content-Encoding', coding)
    ctx.type = mediaType
    ctx.body = coding ? token.gzipped : token.jwt
  }
}

/** GET /status-lists: where all of them are (section 9.1). */
export function statusLists(tokens: StatusListTokens): Middleware {
  return async (ctx) => {
    ctx.set('Cache-Control', `public, max-age=${statusListTimes.ttl}`)
    ctx.body = { status_lists: await tokens.uris() }
  }
}
