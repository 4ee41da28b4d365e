import * as z from 'zod'
import { algorithm, clientId, duration, resource, scopeToken } from './values.ts'

/** Grants a client may be given; the list in oauth/grants/index.ts has the same names. */
export const grantTypes = ['password', 'refresh_token', 'client_credentials'] as const

const secret = z
  .string()
  .min(1)
  .max(1024)
  .regex(/^[\x20-\x7e]+$/, 'printable ASCII (RFC 6749 appendix A.2)')

const refresh = z
  .strictObject({
    idle: duration()
      .prefault('14d')
      .describe('Seconds without a refresh after which a login is over.'),
    absolute: duration()
      .prefault('30d')
      .describe('Seconds after which a login is over whatever happens.'),
    grace: duration(0)
      .refine((value) => value <= 60, 'at most 60 seconds')
      .prefault('10s')
      .describe(
        'Seconds during which a spent refresh token gets the same successor once more, for a client that lost the answer; 0 = strict.',
      ),
  })
  .prefault({})
  .describe('Lifetimes of the refresh tokens of this client.')

export const client = z.strictObject({
  id: clientId.describe('client_id.'),
  name: z.string().max(200).optional().describe('Name for people.'),
  public: z
    .boolean()
    .default(false)
    .describe(
      'A client that cannot keep a secret (browser, mobile). It authenticates with nothing.',
    ),
  authentication: z
    .enum(['secret', 'private_key_jwt', 'tls_client_auth', 'self_signed_tls_client_auth'])
    .default('secret')
    .describe(
      'How a confidential client authenticates: secret (client_secret_basic or client_secret_post), private_key_jwt (RFC 7523), tls_client_auth or self_signed_tls_client_auth (RFC 8705).',
    ),
  secrets: z
    .array(secret)
    .max(10)
    .default([])
    .describe(
      'Secrets, all of them valid: hashed by `latchkey client rotate-secret`, or taken from outside by a reference to the environment or a file.',
    ),
  jwks: z
    .strictObject({ keys: z.array(z.record(z.string(), z.unknown())).min(1) })
    .optional()
    .describe(
      'Public keys of a private_key_jwt or self_signed_tls_client_auth client (with x5c), as a JWK Set.',
    ),
  certificate: z
    .strictObject({
      subjectDn: z.string().optional(),
      sanDns: z.string().optional(),
      sanUri: z.string().optional(),
      sanIp: z.string().optional(),
      sanEmail: z.string().optional(),
    })
    .optional()
    .describe(
      'tls_client_auth: exactly one name the certificate must have (RFC 8705 section 2.1.2).',
    ),
  grants: z
    .array(z.enum(grantTypes))
    .default([])
    .describe('Grants it may use. `password` is an opt-in (RFC 9700 section 2.4).'),
  apis: z
    .array(resource)
    .default([])
    .describe('Audiences it may ask tokens for; the first is the default. All APIs, if left out.'),
  scopes: z
    .array(scopeToken)
    .optional()
    .describe('Scopes it may ask for; all of its APIs, if left out.'),
  defaultScopes: z
    .array(scopeToken)
    .optional()
    .describe('Scopes it gets when it asks for none; all it may have, if left out.'),
  origins: z
    .array(
      z.string().regex(/^https?:\/\/[^/\s*]+$/, 'an origin: scheme and host, port if any, no path'),
    )
    .default([])
    .describe(
      'Browser origins that may read the answers (CORS). `http://localhost` or `http://127.0.0.1` without a port means any port.',
    ),
  refresh,
  accessTokenLifetime: duration().optional().describe("Overrides the API's lifetime, in seconds."),
  algorithm: algorithm.optional().describe("Overrides the API's algorithm."),
  introspectAll: z
    .boolean()
    .default(false)
    .describe(
      'Whether it may introspect the access tokens of other clients, as a resource server does: those for its `apis`, or all.',
    ),
  dpopBound: z
    .boolean()
    .default(false)
    .describe('Whether its requests must carry a DPoP proof (RFC 9449).'),
  certificateBound: z
    .boolean()
    .default(false)
    .describe('Whether its tokens are bound to its TLS certificate (RFC 8705 section 3).'),
})

export const clientsSchema = z
  .array(client)
  .default([])
  .describe('The clients. More can be added with `latchkey client add`.')
export type ClientConfig = z.output<typeof client>
