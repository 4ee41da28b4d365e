import type { Middleware } from 'koa'

/** RFC 8414 section 3.1 puts the well-known part before the issuer's path, OpenID Connect Discovery behind it. */
const wellKnown = /^\/\.well-known\/(oauth-authorization-server|openid-configuration)$/

/** Every path at which a path below the issuer is found. */
export function placesOf(issuer: string, path: string): string[] {
  const prefix = prefixOf(issuer)
  const below = prefix + path
  return prefix !== '' && wellKnown.test(path) ? [below, path + prefix] : [below]
}

const prefixOf = (issuer: string) => new URL(issuer).pathname.replace(/\/$/, '')

/** Serves an issuer with a path below that path; what is not below it is not here. */
export function underIssuer(issuer: string): Middleware {
  const prefix = prefixOf(issuer)
  return async (ctx, next) => {
    const path = ctx.path
    if (prefix !== '') {
      if (path.endsWith(prefix) && wellKnown.test(path.slice(0, -prefix.length))) {
        ctx.path = path.slice(0, -prefix.length)
      } else if (path.startsWith(`${prefix}/`)) {
        ctx.path = path.slice(prefix.length)
      } else if (!['/healthz', '/readyz'].includes(path)) {
        ctx.status = 404
        return
      }
    }
    await next()
  }
}

/** The engine has endpoints of its own; only those in our table are open. */
export const onlyListed: Middleware = async (ctx, next) => {
  if (ctx.routerPath !== undefined || ctx._matchedRoute !== undefined) await next()
}
