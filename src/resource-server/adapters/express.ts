import type { AccessTokenClaims } from '../claims.ts'
import { createGuard } from '../guard.ts'
import type { AccessTokenVerifier } from '../verify-access-token.ts'
import { fromNode, type NodeGuardOptions, type NodeRequest } from './node.ts'

interface ExpressRequest extends NodeRequest {
  readonly originalUrl: string
  accessToken?: AccessTokenClaims
}

interface ExpressResponse {
  status(code: number): { set(headers: object): { json(body: object): unknown } }
}

/** Express middleware: puts the claims in `req.accessToken`, or answers 401, 403, 400 or 503. */
export function requireAccessToken<Request extends ExpressRequest = ExpressRequest>(
  verifier: AccessTokenVerifier,
  options?: NodeGuardOptions<Request>,
) {
  const judge = createGuard(verifier, options)
  const certificate = options?.certificate
  return async (
    req: Request,
    res: ExpressResponse,
    next: (error?: unknown) => void,
  ): Promise<void> => {
    const verdict = await judge(
      fromNode(req, req.originalUrl, certificate && (() => certificate(req))),
    )
    if ('claims' in verdict) {
      req.accessToken = verdict.claims
      next()
    } else {
      const { status, headers, body } = verdict.refusal
      res.status(status).set(headers).json(body)
    }
  }
}
