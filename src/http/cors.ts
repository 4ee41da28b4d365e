import type { Middleware } from 'koa'
import { allowsOrigin, type Clients } from '../clients/client.ts'
import { factsOf } from '../oauth/request.ts'

const day = 86_400

/** Public documents may be read by every page: they hold no secret and take no credentials. */
export const openCors: Middleware = async (ctx, next) => {
  ctx.set('Access-Control-Allow-Origin', '*')
  if (ctx.method !== 'OPTIONS') return next()
  preflight(ctx, 'GET, HEAD')
}

/**
 * Pages of a client's registered origins may read its answers, errors too, or they would see
 * nothing. A preflight names no client, so it is answered for the origin of any of them; the
 * answer itself goes to the origins of the client that was named.
 */
export function clientCors(clients: Clients, methods: string): Middleware {
  const every = [...clients.values()].filter(({ origins }) => origins.length > 0)
  return async (ctx, next) => {
    ctx.set('Vary', 'Origin')
    const origin = ctx.get('Origin')
    // No page asks, as with most requests; but the engine must be kept from its own answer, see below.
    const anybody = origin !== '' && every.some((client) => allowsOrigin(client, origin))
    if (ctx.method === 'OPTIONS') {
      if (anybody) ctx.set('Access-Control-Allow-Origin', origin)
      preflight(ctx, methods)
      return
    }
    // The engine has CORS of its own, for any origin, unless somebody has begun already.
    ctx.set('Access-Control-Expose-Headers', exposed)
    try {
      await next()
    } finally {
      const client = clients.get(factsOf(ctx).presented?.id ?? '')
      if (origin !== '' && (client === undefined ? anybody : allowsOrigin(client, origin))) {
        ctx.set('Access-Control-Allow-Origin', origin)
      } else {
        ctx.remove('Access-Control-Expose-Headers')
      }
    }
  }
}

/** What a page may read beside the body. */
const exposed = 'WWW-Authenticate, DPoP-Nonce, Retry-After, X-Request-Id'

function preflight(ctx: Parameters<Middleware>[0], methods: string): void {
  ctx.set('Access-Control-Allow-Methods', methods)
  ctx.set('Access-Control-Allow-Headers', 'authorization, content-type, dpop, x-requested-with')
  ctx.set('Access-Control-Max-Age', String(day))
  ctx.set('Allow', `${methods}, OPTIONS`)
  ctx.status = 204
}
