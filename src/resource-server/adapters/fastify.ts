import type { AccessTokenClaims } from '../claims.ts'
import { createGuard } from '../guard.ts'
import type { AccessTokenVerifier } from '../verify-access-token.ts'
import { fromNode, type NodeGuardOptions, type NodeRequest } from './node.ts'

interface FastifyRequest {
  readonly raw: NodeRequest
  readonly originalUrl: string
  accessToken?: AccessTokenClaims
}

interface FastifyReply {
  code(status: number): {
    headers(headers: Record<string, string>): { send(body: object): unknown }
  }
}

/** Fastify `onRequest` hook: puts the claims in `request.accessToken`, or answers 401, 403, 400 or 503. */
export function requireAccessToken<Request extends FastifyRequest = FastifyRequest>(
  verifier: AccessTokenVerifier,
  options?: NodeGuardOptions<Request>,
) {
  const judge = createGuard(verifier, options)
  const certificate = options?.certificate
  return async (request: Request, reply: FastifyReply): Promise<unknown> => {
    const verdict = await judge(
      fromNode(request.raw, request.originalUrl, certificate && (() => certificate(request))),
    )
    if ('claims' in verdict) {
      request.accessToken = verdict.claims
      return undefined
    }
    const { status, headers, body } = verdict.refusal
    return reply.code(status).headers(headers).send(body)
  }
}
