import type Router from '@koa/router'
import type { Middleware } from 'koa'

/**
 * The routes of `router`, and nothing else: `engine`, which has endpoints of its own, is reached through them alone. A
 * route without parameters is found by its method and path in one look-up, and its middleware were put together
 * before; the router would try its patterns one after the other and put them together anew for each request. What is
 * not found is for the router, which knows patterns and the methods that a path allows.
 */
export function byPath(router: Router): Middleware {
  const routes = new Map<string, Middleware>()
  for (const { path, methods, paramNames, stack } of router.stack) {
    if (typeof path !== 'string' || paramNames.length > 0) continue
    const run = chain(stack as Middleware[])
    for (const method of methods) routes.set(`${method} ${path}`, run)
  }
  const rest = chain([router.allowedMethods(), router.routes(), onlyMatched] as Middleware[])
  return (ctx, next) => (routes.get(`${ctx.method} ${ctx.path}`) ?? rest)(ctx, next)
}

/** Each is given the next; put together once, it takes a closure a step of a request and nothing else. */
const chain = (stack: readonly Middleware[]): Middleware =>
  stack.reduceRight<Middleware>(
    (rest, one) => (ctx, next) => one(ctx, () => rest(ctx, next)),
    (_ctx, next) => next(),
  )

const onlyMatched: Middleware = async (ctx, next) => {
  if (ctx._matchedRoute !== undefined) await next()
}
