import { hkdfSync } from 'node:crypto'
import {
  type ClientMetadata,
  type Configuration,
  ExternalSigningKey,
  errors,
  type KoaContextWithOIDC,
  Provider,
} from 'oidc-provider'
import type { Client, Clients } from '../clients/client.ts'
import type { KeySet, SigningKey } from '../keys/key-set.ts'
import type { State } from '../state/state.ts'
import type { Liveness } from '../tokens/liveness.ts'
import { OAuthError } from './error.ts'
import type { Grant, GrantParts } from './grants/grant.ts'
import { grants } from './grants/index.ts'
import { factsOf } from './request.ts'
import { routes } from './routes.ts'
import { createStorage } from './storage.ts'

export interface ProviderParts extends GrantParts {
  readonly issuer: string
  readonly clients: Clients
  readonly state: State
  readonly keys: KeySet
  readonly liveness: Liveness
}

/**
 * The engine for one set of keys, immutable: other keys are another Provider (design D8). What is
 * ours is put in through its own seams; ADR 0001 lists them.
 *
 * @throws when a client's registration is not valid to the engine
 */
export async function createProvider(parts: ProviderParts): Promise<Provider> {
  const provider = new Provider(parts.issuer, configuration(parts))
  for (const grant of grants) register(provider, grant, parts)

  // Endpoints in answers and DPoP's htu follow the configured issuer, never the Host header (RFC 9700 section 4.13).
  replace(provider.OIDCContext.prototype, 'urlFor', (name: string) => provider.urlFor(name))
  // The draft that updates RFC 7523: an assertion is for the issuer and for nobody else.
  replace(
    provider.OIDCContext.prototype,
    'clientJwtAuthExpectedAudience',
    () => new Set([parts.issuer]),
  )
  // The engine looks a jti up and then saves it: two requests at once would both be first.
  replace(provider.ReplayDetection, 'unique', (issuer: string, jti: string, exp: number) =>
    parts.state.once(`${issuer} ${jti}`, Math.max(1, exp - Math.floor(Date.now() / 1000))),
  )
  replace(
    provider.Client.prototype,
    'compareClientSecret',
    // Judged before the engine is asked (oauth/client-authentication.ts).
    async function (this: { clientId: string }) {
      const presented = Provider.ctx && factsOf(Provider.ctx).presented
      return presented?.proven === true && presented.id === this.clientId
    },
  )

  // The engine catches what the endpoints throw; answer() says it (oauth/responses.ts).
  const keep = (ctx: KoaContextWithOIDC, error: Error) => {
    factsOf(ctx).failure = error
  }
  provider.on('grant.error', keep)
  provider.on('revocation.error', keep)
  provider.on('introspection.error', keep)
  provider.on('server_error', keep)

  // The engine would report a bad registration at the client's first request.
  for (const id of parts.clients.keys()) await provider.Client.find(id)
  return provider
}

function configuration(parts: ProviderParts): Configuration {
  const all = [...parts.clients.values()]
  return {
    adapter: createStorage(parts),
    clients: all.map((client) => registration(client, parts.keys)),
    jwks: { keys: parts.keys.keys.map((key) => new EngineKey(key)) },
    routes,
    responseTypes: ['none'],
    scopes: [],
    claims: {},
    clientAuthMethods: ['client_secret_basic', 'client_secret_post', 'private_key_jwt', 'none'],
    clockTolerance: 5,
    extraTokenClaims: (ctx) => ({ ...factsOf(ctx).extra }),
    assertJwtClientAuthClaimsAndHeader: (_ctx, claims) => {
      if (claims.aud !== parts.issuer)
        throw new errors.InvalidClientAuth('aud must be the issuer alone')
    },
    ttl: { AccessToken: 300, ClientCredentials: 300, RefreshToken: 300, Grant: 300 },
    features: {
      devInteractions: { enabled: false },
      userinfo: { enabled: false },
      rpInitiatedLogout: { enabled: false },
      clientCredentials: { enabled: false },
      resourceIndicators: { enabled: true },
      dPoP: {
        enabled: true,
        nonceSecret: Buffer.from(
          hkdfSync('sha256', parts.keys.refreshTokenKey, '', 'latchkey dpop nonce', 32),
        ),
      },
      externalSigningSupport: { enabled: true, ack: 'experimental-01' },
      revocation: {
        enabled: true,
        allowedPolicy: (_ctx, client, token) => {
          if (token.clientId === client.clientId) return true
          // RFC 7009 section 2.1: refused, and the client is told.
          throw new OAuthError('invalid_grant', 'the token was issued to another client')
        },
      },
      introspection: {
        enabled: true,
        allowedPolicy: (_ctx, client, token) =>
          token.clientId === client.clientId ||
          // A resource server never takes a refresh token for an access token (RFC 6749 section 1.5).
          (token.kind !== 'RefreshToken' &&
            parts.clients.get(client.clientId)?.introspectAll === true),
      },
    },
  }
}

/** Our client in the engine's words. Which grants it may use is ours to say (RFC 6749 section 5.2). */
function registration(client: Client, keys: KeySet): ClientMetadata {
  const method = client.public
    ? 'none'
    : client.authentication === 'secret'
      ? 'client_secret_basic'
      : client.authentication
  return {
    client_id: client.id,
    token_endpoint_auth_method: method,
    // Judged elsewhere against the stored forms; the engine wants a value.
    ...(method === 'client_secret_basic' && { client_secret: 'judged elsewhere' }),
    ...(client.jwks && { jwks: { keys: client.jwks.keys.map((key) => ({ ...key })) } }),
    grant_types: grants.map(({ type }) => type),
    response_types: [],
    redirect_uris: [],
    id_token_signed_response_alg: keys.keys[0]?.algorithm ?? 'ES256',
    dpop_bound_access_tokens: client.dpopBound,
  } as ClientMetadata
}

function register(provider: Provider, grant: Grant, parts: ProviderParts): void {
  provider.registerGrantType(
    grant.type,
    async (ctx) => {
      const client = parts.clients.get(ctx.oidc.client.clientId)
      if (client === undefined)
        throw new OAuthError('invalid_client', 'client authentication failed')
      if (!client.grants.includes(grant.type)) {
        throw new OAuthError('unauthorized_client', 'this client may not use this grant type')
      }
      await grant.issue(ctx, client, parts)
    },
    grant.parameters,
    ['resource'],
  )
}

class EngineKey extends ExternalSigningKey {
  readonly #key: SigningKey

  constructor(key: SigningKey) {
    super()
    this.#key = key
    Object.assign(this, { kid: key.kid, alg: key.algorithm })
  }

  override keyObject() {
    return this.#key.publicKey
  }

  override sign(data: Uint8Array) {
    return this.#key.sign(data)
  }
}

const replace = (target: object, name: string, value: unknown): void => {
  Object.defineProperty(target, name, { value, configurable: true, writable: true })
}
