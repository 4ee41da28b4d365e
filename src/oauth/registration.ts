import type { ClientMetadata } from 'oidc-provider'
import type { Client } from '../clients/client.ts'
import type { KeySet } from '../keys/key-set.ts'
import { subjectMetadata } from './certificate-subject.ts'
import { grants } from './grants/index.ts'

/** Our client in the engine's words. Which grants it may use is ours to say (RFC 6749 section 5.2). */
export function registration(client: Client, keys: KeySet): ClientMetadata {
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
    tls_client_certificate_bound_access_tokens: client.certificateBound,
    ...subject(client),
  } as ClientMetadata
}

const subject = ({ certificate = {} }: Client) =>
  Object.fromEntries(
    Object.entries(subjectMetadata).flatMap(([kind, member]) => {
      const value = certificate[kind as keyof typeof certificate]
      return value === undefined ? [] : [[member, value]]
    }),
  )
