import { randomBytes } from 'node:crypto'
import type { Client } from '../../clients/client.ts'
import { signingKey } from '../../keys/current.ts'
import type { Family } from '../../state/state.ts'
import { mintAccessToken, type NewAccessToken } from '../../tokens/access-token.ts'
import { randomId } from '../../tokens/random-id.ts'
import { mintRefreshToken } from '../../tokens/refresh-token.ts'
import { jtiSuffix, type StatusPlace, statusListUri } from '../../tokens/status/place.ts'
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
  /**
   * Seconds since 1970: before the login was last seen alive. A cut-off since then is no earlier than the token, and
   * so ends it (ADR 0007). Now, where there is no login.
   */
  readonly asOf?: number
  /** The generation of the refresh token beside it, if the client gets one. */
  readonly refreshGeneration?: number
}

/** Mints an access token, and answers with it (RFC 6749 section 5.1, RFC 9068 section 2). */
export async function issue(ctx: GrantContext, parts: GrantParts, of: Issue): Promise<void> {
  const { client, family, binding } = of
  const { api } = of.access
  const facts = factsOf(ctx)
  const place = api.statusList ? await takePlace(parts, client, family) : undefined
  const token = {
    issuer: ctx.oidc.provider.issuer,
    audience: api.audience,
    subject: family?.sub ?? client.id,
    clientId: client.id,
    jti: identifier(parts, of, place),
    scope: of.access.scopes.join(' '),
    issuedAt: of.asOf ?? Math.floor(Date.now() / 1000),
    lifetime: lifetime(of),
    jkt: binding.jkt,
    x5t: binding.x5t,
  }
  const extra = { ...extraClaims(family, client), ...statusClaim(token.issuer, place) }
  const key = signingKey(parts.keys, client.algorithm ?? api.algorithm)
  const accessToken =
    api.format === 'jwt'
      ? await mintAccessToken(token, extra, key)
      : await saveOpaqueToken(ctx, token, extra, family)
  facts.audit = {
    ...facts.audit,
    event: 'token.issued',
    grant: ctx.oidc.params.grant_type,
    client: client.id,
    sub: token.subject,
    scope: token.scope,
    audience: api.audience,
    ...(api.format === 'jwt' && { jti: token.jti }),
    ...(family && { family: family.id }),
  }
  ctx.body = {
    access_token: accessToken,
    expires_in: token.lifetime,
    refresh_token: refreshTokenOf(parts, of),
    scope: scopeAnswer(of.access),
    token_type: binding.jkt === undefined ? 'Bearer' : 'DPoP',
  }
}

/** A JWT without a login lives as long as the store it was issued over (State.epoch). */
function identifier(
  { epoch }: GrantParts,
  { access, family }: Issue,
  place: StatusPlace | undefined,
): string {
  if (access.api.format === 'opaque') return randomBytes(32).toString('base64url')
  const jti = randomId(16) + (place ? jtiSuffix(place) : '')
  return family === undefined ? `${epoch()}.${jti}` : jti
}

const statusClaim = (issuer: string, place: StatusPlace | undefined) =>
  place && {
    status: { status_list: { idx: place.idx, uri: statusListUri(issuer, place.list) } },
  }

const refreshTokenOf = ({ keys }: GrantParts, { family, refreshGeneration: generation }: Issue) =>
  family === undefined || generation === undefined
    ? undefined
    : mintRefreshToken({ family: family.id, generation }, keys.refreshTokenKey)

/** Opaque tokens are records of the engine's, which introspects and revokes them as such. */
function saveOpaqueToken(
  ctx: GrantContext,
  token: NewAccessToken,
  extra: Readonly<Record<string, unknown>>,
  family: Family | undefined,
): Promise<string> {
  const { provider, client, params } = ctx.oidc
  factsOf(ctx).extra = extra
  const properties = {
    client,
    resourceServer: new provider.ResourceServer(token.audience, {
      audience: token.audience,
      scope: token.scope,
      accessTokenFormat: 'opaque' as const,
    }),
    expiresIn: token.lifetime,
    ...(token.scope !== '' && { scope: token.scope }),
    ...(token.jkt !== undefined && { jkt: token.jkt }),
    ...(token.x5t !== undefined && { 'x5t#S256': token.x5t }),
  }
  const model =
    family === undefined
      ? new provider.ClientCredentials(properties)
      : new provider.AccessToken({
          ...properties,
          accountId: family.sub,
          grantId: family.id,
          gty: params.grant_type,
        })
  Object.assign(model, { format: 'opaque', jti: token.jti })
  return model.save()
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
