import type { AccessTokenClaims } from '../claims.ts'
import { createGuard, type GuardOptions } from '../guard.ts'
import type { AccessTokenVerifier } from '../verify-access-token.ts'

type Handler = (request: Request, accessToken: AccessTokenClaims) => Response | Promise<Response>

/**
 * Wraps a fetch handler (Hono, Deno, workers on Node): it is called with the claims, or the answer is 401, 403, 400 or
 * 503. Repeated headers arrive joined by a comma, which no token and no proof contains.
 */
export function requireAccessToken(verifier: AccessTokenVerifier, options?: GuardOptions) {
  const judge = createGuard(verifier, options)
  return (handler: Handler) =>
    async (request: Request): Promise<Response> => {
      const { pathname, search } = new URL(request.url)
      const verdict = await judge({
        method: request.method,
        target: pathname + search,
        authorization: field(request, 'authorization'),
        proofs: field(request, 'dpop'),
      })
      if ('claims' in verdict) return handler(request, verdict.claims)
      const { status, headers, body } = verdict.refusal
      return Response.json(body, { status, headers })
    }
}

function field({ headers }: Request, name: string): string[] {
  const value = headers.get(name)
  return value === null ? [] : [value]
}
