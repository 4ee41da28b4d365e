import type { AccessTokenClaims } from '../claims.ts'
import { createGuard } from '../guard.ts'
import type { AccessTokenVerifier } from '../verify-access-token.ts'
import { fromNode, type NodeGuardOptions, type NodeRequest } from './node.ts'

interface KoaContext {
  readonly req: NodeRequest
  readonly originalUrl: string
  readonly state: { accessToken?: AccessTokenClaims }
  status: number
  body: unknown
  set(headers: Record<string, string>): void
}

/** Koa middleware: puts the claims in `ctx.state.accessToken`, or answers 401, 403, 400 or 503. */
export function requireAccessToken<Context extends KoaContext = KoaContext>(
  verifier: AccessTokenVerifier,
  options?: NodeGuardOptions<Context>,
) {
  const judge = createGuard(verifier, options)
  const certificate = options?.certificate
  return async (ctx: Context, next: () => Promise<unknown>): Promise<void> => {
    const verdict = await judge(
      fromNode(ctx.req, ctx.originalUrl, certificate && (() => certificate(ctx))),
    )
    if ('claims' in verdict) {
      ctx.state.accessToken = verdict.claims
      await next()
    } else {
      const { status, headers, body } = verdict.refusal
      ctx.status = status
      ctx.set({ ...headers })
      ctx.body = body
    }
  }
}
