import { randomUUID } from 'node:crypto'
import type { Middleware } from 'koa'
import type { AdapterPayload } from 'oidc-provider'
import { looksLikeRefreshToken } from '../tokens/refresh-token.ts'
import { factsOf, type KnownToken, parameter } from './request.ts'

/** Verifies a JWT of ours; undefined for anything else. */
export type VerifyOwnToken = (
  token: string,
) => Promise<Readonly<Record<string, unknown>> | undefined>

/**
 * The engine refuses JWTs at introspection and revocation. So an access token of ours is verified
 * here and travels through the engine as a handle, which the storage adapter answers for (ADR 0001).
 * Revocation is thereby by jti: another spelling of the token is dead too (RFC 7515 section 5.2).
 * What has parts and is not ours becomes a handle that nobody answers for: an unknown token.
 */
export function presentToken(verify: VerifyOwnToken): Middleware {
  return async (ctx, next) => {
    const facts = factsOf(ctx)
    const token = parameter(facts.form, 'token')
    if (token?.includes('.') && !looksLikeRefreshToken(token)) {
      const handle = randomUUID()
      const claims = await verify(token)
      if (claims !== undefined) {
        facts.token = {
          handle,
          kind: typeof claims.sid === 'string' ? 'AccessToken' : 'ClientCredentials',
          claims,
        }
      }
      const { body } = ctx.req as { body?: Record<string, unknown> }
      if (body !== undefined) body.token = [handle]
    }
    await next()
  }
}

/** The engine's record of a token that it never stored. */
export function recordOf({ kind, claims }: KnownToken): AdapterPayload {
  const { iss: _iss, jti, iat, exp, scope, client_id, aud, cnf, ...extra } = claims
  const bound = typeof cnf === 'object' && cnf !== null ? cnf : {}
  return {
    kind,
    jti,
    iat,
    exp,
    scope,
    aud,
    clientId: client_id,
    ...(kind === 'AccessToken' && { accountId: claims.sub }),
    ...('jkt' in bound && { jkt: bound.jkt }),
    ...('x5t#S256' in bound && { 'x5t#S256': bound['x5t#S256'] }),
    extra,
  } as AdapterPayload
}
