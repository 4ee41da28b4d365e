import { randomBytes } from 'node:crypto'
import { buildTokenResponse } from 'oidc-provider/lib/helpers/grants.js'
import type { Client } from '../../clients/client.ts'
import { signingKey } from '../../keys/current.ts'
import type { Family } from '../../state/state.ts'
import { mintRefreshToken } from '../../tokens/refresh-token.ts'
import { jtiSuffix, statusListUri } from '../../tokens/status/place.ts'
import { type Access, scopeAnswer } from '../access.ts'
import { factsOf } from '../request.ts'
import type { Binding } from './binding.ts'
import type { GrantContext, GrantParts } from './grant.ts'
import { takePlace } from './status.ts'

interface Issue {
  readonly client: Client
  readonly access: Access
  readonly binding: Binding
  /** The login this token belongs to; none for client_credentials. */
  readonly family?: Family
  /** The generation of the refresh token beside it, if the client gets one. */
  readonly refreshGeneration?: number
}

/** Mints an access token, and answers with it (RFC 6749 section 5.1, RFC 9068 section 2). */
export async function issue(ctx: GrantContext, parts: GrantParts, of: Issue): Promise<void> {
  const { provider } = ctx.oidc
  const { client, family, binding } = of
  const { api, scopes } = of.access
  const algorithm = client.algorithm ?? api.algorithm
  const facts = factsOf(ctx)
  const place = api.statusList ? await takePlace(parts, client, family) : undefined
  facts.extra = {
    ...extraClaims(family, client),
    ...(place && {
      status: { status_list: { idx: place.idx, uri: statusListUri(provider.issuer, place.list) } },
    }),
  }
  const token = {
    client: ctx.oidc.client,
    resourceServer: new provider.ResourceServer(api.audience, {
      audience: api.audience,
      scope: api.scopes.join(' '),
      accessTokenFormat: api.format,
      jwt: { sign: { alg: algorithm, kid: signingKey(parts.keys, algorithm).kid } },
    }),
    expiresIn: lifetime(of),
    ...(scopes.length > 0 && { scope: scopes.join(' ') }),
    ...(binding.jkt && { jkt: binding.jkt }),
    ...(binding.x5t && { 'x5t#S256': binding.x5t }),
  }
  const model =
    family === undefined
      ? new provider.ClientCredentials(token)
      : new provider.AccessToken({
          ...token,
          accountId: family.sub,
          grantId: family.id,
          gty: ctx.oidc.params.grant_type,
        })
  // A token without a family lives as long as the store it was issued over (State.epoch).
  const jti = randomBytes(16).toString('base64url') + (place ? jtiSuffix(place) : '')
  Object.assign(model, {
    format: api.format,
    jti:
      api.format === 'jwt'
        ? family === undefined
          ? `${parts.epoch()}.${jti}`
          : jti
        : randomBytes(32).toString('base64url'),
  })
  const accessToken = await model.save()
  facts.audit = {
    ...facts.audit,
    event: 'token.issued',
    grant: ctx.oidc.params.grant_type,
    client: client.id,
    sub: family?.sub ?? client.id,
    scope: scopes.join(' '),
    audience: api.audience,
    ...(api.format === 'jwt' && { jti: model.jti }),
    ...(family && { family: family.id }),
  }
  const scope = scopeAnswer(of.access)
  ctx.body = buildTokenResponse(provider, {
    accessToken,
    tokenType: model.tokenType,
    expiresIn: token.expiresIn,
    ...(scope !== undefined && { scope }),
    ...(family !== undefined &&
      of.refreshGeneration !== undefined && {
        refreshToken: mintRefreshToken(
          { family: family.id, generation: of.refreshGeneration },
          parts.keys.refreshTokenKey,
        ),
      }),
  })
}

/** Never beyond the end of the login it belongs to. Seconds. */
function lifetime({ client, access, family }: Issue): number {
  const configured = client.accessTokenLifetime ?? access.api.accessTokenLifetime
  if (family === undefined) return configured
  return Math.max(1, Math.min(configured, Math.floor((family.expiresAt - Date.now()) / 1000)))
}

/**
 * RFC 9068 section 2.2.1: auth_time and amr are those of the login, over all refreshes. `sid` names
 * the login, so that its end reaches the token (ADR 0002). Without a login the client is the
 * subject (section 2.2), also where the token is opaque and introspected.
 */
const extraClaims = (family: Family | undefined, client: Client): Record<string, unknown> =>
  family === undefined
    ? { sub: client.id }
    : { ...family.claims, auth_time: family.authTime, amr: family.amr, sid: family.id }
