import { createPublicKey, type JsonWebKey } from 'node:crypto'
import { isHashedSecret, looksHashed } from '../../clients/secrets.ts'
import type { Finding, Path } from '../faults.ts'
import type { ApiConfig, Config } from '../schema.ts'
import type { ClientConfig } from '../schema-clients.ts'

export interface ClientSurroundings {
  /** Undefined while one of the APIs is broken. */
  readonly apis: Config['apis'] | undefined
  readonly audiences: readonly (string | undefined)[]
  readonly isDefault: (id: string) => boolean
  /** Whether client certificates reach the server; true while that cannot be told. */
  readonly certificatesArrive: boolean
  /** Whether the secret at this position came through `${…}`. */
  readonly fromOutside: (index: number) => boolean
}

export const checkApi = ({ format, profile }: ApiConfig): Finding[] =>
  profile && format === 'opaque'
    ? fault(['format'], 'write `jwt`: the tokens for GET /users/me are JWTs (`profile`)')
    : []

/** What the schema cannot say about one client. */
export function checkClient(client: ClientConfig, around: ClientSurroundings): Finding[] {
  return [
    ...checkSecrets(client, around),
    ...(client.public ? checkPublic(client) : checkConfidential(client, around)),
    ...checkBinding(client, around),
    ...checkGrants(client),
    ...checkAudiences(client, around.audiences),
    ...(around.apis ? checkScopes(client, around.apis) : []),
    ...(around.isDefault(client.id) && !client.public
      ? fault(
          ['public'],
          'write `public: true`: it is the `defaultClient`, whose requests bring no secret',
        )
      : []),
  ]
}

function checkSecrets({ secrets }: ClientConfig, { fromOutside }: ClientSurroundings): Finding[] {
  return secrets.flatMap((secret, index) => {
    if (isHashedSecret(secret)) return []
    const path = ['secrets', index]
    if (looksHashed(secret))
      return fault(
        path,
        'this hash is incomplete: write all that `latchkey hash --client-secret` prints',
      )
    if (fromOutside(index)) return []
    return fault(
      path,
      // biome-ignore lint/suspicious/noTemplateCurlyInString: it is what the operator writes
      'a secret does not stand here as it is: write what `latchkey hash --client-secret` prints, or take it from outside with ${NAME} or ${file:PATH}',
    )
  })
}

function checkPublic(client: ClientConfig): Finding[] {
  const confidential = 'a public client has none: leave it out, or leave out `public`'
  return [
    ...(client.secrets.length ? fault(['secrets'], confidential) : []),
    ...(client.authentication !== 'secret' ? fault(['authentication'], confidential) : []),
    ...(client.jwks ? fault(['jwks'], confidential) : []),
    ...(client.certificate ? fault(['certificate'], confidential) : []),
    ...(client.introspectAll
      ? fault(
          ['introspectAll'],
          'a public client may not introspect (RFC 7662 section 2.1): leave it out',
        )
      : []),
    ...client.grants.flatMap((grant, index) =>
      grant === 'client_credentials'
        ? fault(
            ['grants', index],
            'only a confidential client may use it (RFC 6749 section 4.4): leave out `public`',
          )
        : [],
    ),
  ]
}

function checkConfidential(client: ClientConfig, { certificatesArrive }: ClientSurroundings) {
  const { authentication, secrets, jwks, certificate } = client
  const byKeys =
    authentication === 'private_key_jwt' || authentication === 'self_signed_tls_client_auth'
  const byTls = authentication.endsWith('tls_client_auth')
  const findings: Finding[] = []
  if (authentication === 'secret' && !secrets.length)
    findings.push(
      ...fault(
        ['secrets'],
        'a confidential client needs one: run `latchkey client rotate-secret`, or write `public: true`',
      ),
    )
  if (authentication !== 'secret' && secrets.length)
    findings.push(...fault(['secrets'], `${authentication} uses no secret: leave it out`))
  if (byKeys && !jwks)
    findings.push(...fault(['jwks'], `${authentication} needs the client's public keys here`))
  if (!byKeys && jwks)
    findings.push(...fault(['jwks'], `${authentication} uses no keys: leave it out`))
  if (authentication !== 'tls_client_auth' && certificate)
    findings.push(...fault(['certificate'], 'this is for tls_client_auth: leave it out'))
  if (authentication === 'tls_client_auth' && Object.keys(certificate ?? {}).length !== 1)
    findings.push(
      ...fault(
        ['certificate'],
        'write exactly one of `subjectDn`, `sanDns`, `sanUri`, `sanIp`, `sanEmail`',
      ),
    )
  if (byTls && !certificatesArrive) findings.push(...fault(['authentication'], noCertificates))
  const needsCertificate = authentication === 'self_signed_tls_client_auth'
  return [
    ...findings,
    ...(jwks?.keys ?? []).flatMap((key, index) => checkKey(key, index, needsCertificate)),
  ]
}

const noCertificates =
  'no client certificate arrives here: set `tls.clientCa` or `proxy.clientCertificateHeader`'

const checkBinding = (client: ClientConfig, { certificatesArrive }: ClientSurroundings) => [
  ...(client.certificateBound && !certificatesArrive
    ? fault(['certificateBound'], noCertificates)
    : []),
  ...(client.certificateBound && client.dpopBound
    ? fault(
        ['dpopBound'],
        'its tokens are bound to a certificate already: leave out one of the two',
      )
    : []),
]

function checkKey(
  key: Record<string, unknown>,
  index: number,
  needsCertificate: boolean,
): Finding[] {
  const path = ['jwks', 'keys', index]
  if ('d' in key || 'k' in key)
    return fault(
      path,
      'this key is secret: write only its public members, and replace it, as it was written down',
    )
  if (needsCertificate && !Array.isArray(key.x5c))
    return fault(path, 'write the certificate of the key as its `x5c` (RFC 8705 section 2.2.2)')
  try {
    const { asymmetricKeyType: type, asymmetricKeyDetails: details } = createPublicKey({
      key: key as JsonWebKey,
      format: 'jwk',
    })
    // RFC 7518 section 3.3.
    if (type === 'rsa' && (details?.modulusLength ?? 0) < 2048)
      return fault(path, 'an RSA key has 2048 bits at least: replace it')
    if (!needsCertificate && !signs(type, details?.namedCurve))
      return fault(
        path,
        'no algorithm for assertions uses this key: write one of RSA, P-256 or Ed25519',
      )
    return []
  } catch {
    return fault(
      path,
      'not a public key: write a JWK with `kty` RSA, EC or OKP (RFC 7517 section 4)',
    )
  }
}

const signs = (type: string | undefined, curve: string | undefined) =>
  type === 'rsa' || type === 'ed25519' || curve === 'prime256v1'

function checkGrants({ grants, refresh }: ClientConfig): Finding[] {
  const index = grants.indexOf('refresh_token')
  return [
    ...(index >= 0 && !grants.includes('password')
      ? fault(
          ['grants', index],
          'no grant of this client gives refresh tokens: add `password`, or leave this out',
        )
      : []),
    ...(refresh.idle > refresh.absolute
      ? fault(
          ['refresh', 'idle'],
          'write no more than `refresh.absolute`, which ends the login anyway',
        )
      : []),
  ]
}

const checkAudiences = ({ apis }: ClientConfig, audiences: readonly (string | undefined)[]) =>
  apis.flatMap((audience, index) =>
    audiences.includes(audience)
      ? []
      : fault(['apis', index], 'no API has this audience: name one of `apis`, byte for byte'),
  )

function checkScopes(
  { apis: audiences, scopes, defaultScopes }: ClientConfig,
  apis: Config['apis'],
) {
  const own = apis.filter(({ audience }) => !audiences.length || audiences.includes(audience))
  const known = new Set(own.flatMap((api) => api.scopes))
  const allowed = scopes ? new Set(scopes) : known
  return [
    ...(scopes ?? []).flatMap((scope, index) =>
      known.has(scope)
        ? []
        : fault(
            ['scopes', index],
            "none of the client's APIs knows this scope: add it to the API's `scopes`",
          ),
    ),
    ...(defaultScopes ?? []).flatMap((scope, index) =>
      allowed.has(scope)
        ? []
        : fault(
            ['defaultScopes', index],
            'the client may not ask for this scope: add it to its `scopes`',
          ),
    ),
  ]
}

const fault = (path: Path, message: string): Finding[] => [{ path, message }]
