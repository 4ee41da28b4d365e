import type { Middleware } from 'koa'
import type { Clients } from '../clients/client.ts'
import { signingKey } from '../keys/current.ts'
import type { KeySet } from '../keys/key-set.ts'
import type { Api } from '../tokens/api.ts'
import { factsOf } from './request.ts'

const mediaType = 'application/token-introspection+jwt'

export interface IntrospectionJwtParts {
  readonly issuer: string
  readonly clients: Clients
  readonly keys: KeySet
  /** The first one's algorithm signs for clients that have none of their own. */
  readonly apis: readonly Api[]
}

/**
 * Signs the answer for a caller that asks for it by Accept (RFC 9701 sections 4 and 5). The engine's
 * own answer is addressed to the audience of the token; the RFC's is addressed to the caller. It has
 * neither sub nor exp, so that nobody takes it for a token.
 */
export function introspectionJwt(parts: IntrospectionJwtParts): Middleware {
  const { issuer, clients, keys, apis } = parts
  return async (ctx, next) => {
    await next()
    ctx.vary('Accept')
    const { failure, presented } = factsOf(ctx)
    if (failure !== undefined || ctx.status !== 200 || presented === undefined) return
    if (ctx.accepts('application/json', mediaType) !== mediaType) return
    const algorithm = clients.get(presented.id)?.algorithm ?? apis[0]?.algorithm ?? 'ES256'
    const key = signingKey(keys, algorithm)
    const header = { alg: key.algorithm, kid: key.kid, typ: 'token-introspection+jwt' }
    const claims = {
      iss: issuer,
      aud: presented.id,
      iat: Math.floor(Date.now() / 1000),
      token_introspection: ctx.body,
    }
    const input = `${encode(header)}.${encode(claims)}`
    const signature = await key.sign(Buffer.from(input))
    ctx.body = `${input}.${signature.toString('base64url')}`
    ctx.type = mediaType
  }
}

const encode = (part: object): string => Buffer.from(JSON.stringify(part)).toString('base64url')
