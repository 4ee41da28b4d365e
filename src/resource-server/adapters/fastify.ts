import type { AccessTokenClaims } from '../claims.ts'
import { createGuard, type GuardOptions } from '../guard.ts'
import type { AccessTokenVerifier } from '../verify-access-token.ts'
import { fromNode, type NodeRequest } from './node.ts'

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
export function requireAccessToken(verifier: AccessTokenVerifier, options?: GuardOptions) {
  const judge = createGuard(verifier, options)
  return async (request: FastifyRequest, reply: FastifyReply): Promise<unknown> => {
    const verdict = await judge(fromNode(request.raw, request.originalUrl))
    if ('claims' in verdict) {
      request.accessToken = verdict.claims
      return undefined
    }
    const { status, headers, body } = verdict.refusal
    return reply.code(status).headers(headers).send(body)
  }
}
