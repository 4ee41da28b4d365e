import type { Context } from 'koa'
import bodyParser from 'koa-bodyparser'
import { OAuthError } from './error.ts'

/**
 * Reads a body of at most `limit` bytes as text; what is no UTF-8 stands as U+FFFD. Text, because the
 * parser's own reading of forms takes brackets for objects, and a caller's error says more of JSON.
 *
 * @throws OAuthError invalid_request, with 413 for too much
 */
export function bodyReader(limit: number): (ctx: Context) => Promise<string> {
  const read = bodyParser({
    enableTypes: ['text'],
    extendTypes: { text: ['application/x-www-form-urlencoded', 'application/json'] },
    textLimit: String(limit),
    onerror: (cause: Error) => {
      const tooLarge = 'type' in cause && cause.type === 'entity.too.large'
      throw tooLarge
        ? new OAuthError('invalid_request', `the body is larger than ${limit} bytes`, {
            status: 413,
          })
        : new OAuthError('invalid_request', 'the body could not be read', { cause })
    },
  })
  return async (ctx) => {
    await read(ctx, nothing)
    const { body } = ctx.request
    return typeof body === 'string' ? body : ''
  }
}

const nothing = async () => {}
