import type { Client } from '../clients/client.ts'
import type { KeySet } from '../keys/key-set.ts'
import type { Api } from '../tokens/api.ts'
import { statusListPath } from '../tokens/status/place.ts'
import type { CertificateSource } from './certificate.ts'
import { proofAlgorithms } from './proof-algorithms.ts'
import { routes } from './routes.ts'

export interface MetadataFacts {
  readonly issuer: string
  readonly apis: readonly Api[]
  readonly clients: readonly Client[]
  readonly keys: KeySet
  /** Undefined where no client certificate can arrive. */
  readonly certificates: CertificateSource | undefined
}

/**
 * RFC 8414 section 2: what is on, and nothing else. There is no authorization endpoint, so its
 * members are left out, as is every empty list (section 3.2).
 */
export function authorizationServerMetadata(facts: MetadataFacts) {
  const { issuer, apis, clients } = facts
  const methods = [...new Set(clients.flatMap(authenticationMethods))]
  const confidential = methods.filter((method) => method !== 'none')
  const assertionAlgorithms = methods.includes('private_key_jwt') ? proofAlgorithms : []
  return withoutEmpty({
    issuer,
    token_endpoint: issuer + routes.token,
    token_endpoint_auth_methods_supported: methods,
    token_endpoint_auth_signing_alg_values_supported: assertionAlgorithms,
    revocation_endpoint: issuer + routes.revocation,
    revocation_endpoint_auth_methods_supported: methods,
    revocation_endpoint_auth_signing_alg_values_supported: assertionAlgorithms,
    introspection_endpoint: issuer + routes.introspection,
    introspection_endpoint_auth_methods_supported: confidential,
    introspection_endpoint_auth_signing_alg_values_supported: assertionAlgorithms,
    introspection_signing_alg_values_supported: introspectionAlgorithms(facts),
    jwks_uri: issuer + routes.jwks,
    scopes_supported: [...new Set(apis.flatMap((api) => api.scopes))],
    grant_types_supported: [...new Set(clients.flatMap((client) => client.grants))],
    dpop_signing_alg_values_supported: proofAlgorithms,
    // draft-ietf-oauth-status-list-21 section 9.1.
    status_list_aggregation_endpoint: apis.some((api) => api.statusList)
      ? issuer + statusListPath
      : '',
    // RFC 8705 section 3.3. No mtls_endpoint_aliases: the endpoints ask every client and demand nothing.
    ...(facts.certificates && { tls_client_certificate_bound_access_tokens: true as const }),
  })
}

/**
 * OpenID Connect Discovery 1.0 section 3, for libraries that read no other document. It requires
 * the members of an authorization endpoint: ours is there, and refuses everybody.
 */
export function openidConfiguration(facts: MetadataFacts) {
  return {
    ...authorizationServerMetadata(facts),
    authorization_endpoint: facts.issuer + routes.authorization,
    response_types_supported: ['none'],
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: [
      ...new Set(facts.keys.keys.map(({ algorithm }) => algorithm)),
    ],
  }
}

function authenticationMethods(client: Client): readonly string[] {
  if (client.public) return ['none']
  if (client.authentication !== 'secret') return [client.authentication]
  return ['client_secret_basic', 'client_secret_post']
}

/** RFC 9701 section 7: of the answers that a caller asks to be signed. */
const introspectionAlgorithms = ({ apis, clients }: MetadataFacts) => [
  ...new Set(
    clients
      .filter((client) => !client.public)
      .flatMap((client) => client.algorithm ?? apis[0]?.algorithm ?? []),
  ),
]

const withoutEmpty = <T extends Record<string, true | string | readonly string[]>>(members: T) =>
  Object.fromEntries(
    Object.entries(members).filter(([, value]) => value === true || value.length > 0),
  )
