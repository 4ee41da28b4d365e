import { type Finding, when } from '../faults.ts'
import type { ApiConfig, Config } from '../schema.ts'
import type { ClientConfig } from '../schema-clients.ts'
import { checkBinding, checkConfidential, checkSecrets } from './client-authentication.ts'
import { checkAudiences, checkScopes } from './client-scopes.ts'

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

export const checkApi = ({ format, profile, statusList }: ApiConfig): Finding[] => [
  ...when(
    profile && format === 'opaque',
    ['format'],
    'write `jwt`: the tokens for GET /users/me are JWTs (`profile`)',
  ),
  ...when(
    statusList && format === 'opaque',
    ['statusList'],
    'leave it out: whoever has an opaque token asks by introspection',
  ),
]

/** What the schema cannot say about one client. */
export const checkClient = (client: ClientConfig, around: ClientSurroundings): Finding[] => [
  ...checkSecrets(client, around.fromOutside),
  ...(client.public ? checkPublic(client) : checkConfidential(client, around.certificatesArrive)),
  ...checkBinding(client, around.certificatesArrive),
  ...checkGrants(client),
  ...checkAudiences(client, around.audiences),
  ...(around.apis ? checkScopes(client, around.apis) : []),
  ...when(
    around.isDefault(client.id) && !client.public,
    ['public'],
    'write `public: true`: it is the `defaultClient`, whose requests bring no secret',
  ),
]

function checkPublic(client: ClientConfig): Finding[] {
  const none = 'a public client has none: leave it out, or leave out `public`'
  return [
    ...when(client.secrets.length > 0, ['secrets'], none),
    ...when(client.authentication !== 'secret', ['authentication'], none),
    ...when(client.jwks !== undefined, ['jwks'], none),
    ...when(client.certificate !== undefined, ['certificate'], none),
    ...when(
      client.introspectAll,
      ['introspectAll'],
      'a public client may not introspect (RFC 7662 section 2.1): leave it out',
    ),
    ...when(
      client.grants.includes('client_credentials'),
      ['grants', client.grants.indexOf('client_credentials')],
      'only a confidential client may use it (RFC 6749 section 4.4): leave out `public`',
    ),
  ]
}

const checkGrants = ({ grants, refresh }: ClientConfig): Finding[] => [
  ...when(
    grants.includes('refresh_token') && !grants.includes('password'),
    ['grants', grants.indexOf('refresh_token')],
    'no grant of this client gives refresh tokens: add `password`, or leave this out',
  ),
  ...when(
    refresh.idle > refresh.absolute,
    ['refresh', 'idle'],
    'write no more than `refresh.absolute`, which ends the login anyway',
  ),
]
