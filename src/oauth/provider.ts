import { createHash, hkdfSync } from 'node:crypto'
import {
  type Configuration,
  ExternalSigningKey,
  type KoaContextWithOIDC,
  Provider,
} from 'oidc-provider'
import type { Client, Clients } from '../clients/client.ts'
import type { KeySet, SigningKey } from '../keys/key-set.ts'
import type { State } from '../state/state.ts'
import type { Liveness } from '../tokens/liveness.ts'
import type { CertificateSource } from './certificate.ts'
import { clockTolerance } from './client-assertion.ts'
import { OAuthError } from './error.ts'
import type { Grant, GrantParts } from './grants/grant.ts'
import { grants } from './grants/index.ts'
import { mutualTls } from './mutual-tls.ts'
import { proofAlgorithms } from './proof-algorithms.ts'
import { registration } from './registration.ts'
import { factsOf } from './request.ts'
import { protocolError } from './responses.ts'
import { routes } from './routes.ts'
import { createStorage } from './storage.ts'

export interface ProviderParts extends GrantParts {
  readonly issuer: string
  readonly clients: Clients
  readonly state: State
  readonly keys: KeySet
  readonly liveness: Liveness
  /** Undefined where no client certificate can arrive. */
  readonly certificates: CertificateSource | undefined
  /** Whether every DPoP proof must carry a nonce of ours (RFC 9449 section 8). */
  readonly requireNonce: boolean
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
  // The engine looks the jti of an assertion up and then saves it: two requests at once would both be first.
  replace(provider.ReplayDetection, 'unique', (client: string, jti: string, exp: number) => {
    const id = createHash('sha256').update(`${client} ${jti}`).digest('base64url')
    return parts.state.once(`assertion ${id}`, Math.max(1, Math.ceil(exp - Date.now() / 1000)))
  })
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
    factsOf(ctx).failure = protocolError(error)
  }
  provider.on('grant.error', keep)
  provider.on('revocation.error', keep)
  provider.on('introspection.error', keep)
  provider.on('server_error', keep)

  // The engine would report a bad registration at the client's first request.
  for (const id of parts.clients.keys()) await provider.Client.find(id)
  return provider
}

const authenticationMethods = [
  'client_secret_basic',
  'client_secret_post',
  'private_key_jwt',
  'none',
] as const
const mutualTlsMethods = ['tls_client_auth', 'self_signed_tls_client_auth'] as const

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
    clientAuthMethods: [...authenticationMethods, ...(parts.certificates ? mutualTlsMethods : [])],
    enabledJWA: {
      // There are no ID tokens, but a client's registration names what would sign them.
      idTokenSigningAlgValues: [...new Set(parts.keys.keys.map(({ algorithm }) => algorithm))],
      clientAuthSigningAlgValues: [...proofAlgorithms],
      dPoPSigningAlgValues: [...proofAlgorithms],
    },
    clockTolerance,
    extraTokenClaims: (ctx) => ({ ...factsOf(ctx).extra }),
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
        requireNonce: () => parts.requireNonce,
      },
      ...(parts.certificates && { mTLS: mutualTls(parts.clients, parts.certificates) }),
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
            inspects(parts.clients.get(client.clientId), token.aud)),
      },
    },
  }
}

/** A resource server that names its APIs learns of their tokens alone (RFC 9701 section 5). */
const inspects = (client: Client | undefined, audience: string | string[] | undefined): boolean =>
  client?.introspectAll === true &&
  (client.apis.length === 0 || [audience ?? []].flat().some((one) => client.apis.includes(one)))

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
    return this.#key.signToken(data)
  }
}

const replace = (target: object, name: string, value: unknown): void => {
  Object.defineProperty(target, name, { value, configurable: true, writable: true })
}
