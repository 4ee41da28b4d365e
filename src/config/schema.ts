import * as z from 'zod'
import { clientsSchema } from './schema-clients.ts'
import { keys } from './schema-keys.ts'
import { passwords, throttle } from './schema-limits.ts'
import { http, issuer, listen, proxy, tls } from './schema-server.ts'
import { state } from './schema-state.ts'
import { usersSchema } from './schema-users.ts'
import { algorithm, duration, resource, scopeToken } from './values.ts'

export const api = z.strictObject({
  audience: resource.describe('The `aud` of its tokens and its resource indicator (RFC 8707).'),
  scopes: z
    .array(scopeToken)
    .default([])
    .describe('Scopes this API knows, in the order in which tokens name them.'),
  accessTokenLifetime: duration()
    .prefault('5m')
    .describe('Lifetime of an access token, in seconds.'),
  format: z
    .enum(['jwt', 'opaque'])
    .default('jwt')
    .describe('`jwt` (RFC 9068) is validated by the API itself, `opaque` only by introspection.'),
  algorithm: algorithm.default('ES256').describe('Algorithm that signs its JWTs.'),
  profile: z.boolean().default(false).describe('Whether its tokens are good for GET /users/me.'),
  statusList: z
    .boolean()
    .default(false)
    .describe(
      'Whether its JWTs name a place in a Token Status List, which says at GET /status-lists/… whether they have been revoked.',
    ),
})
export type ApiConfig = z.output<typeof api>

const apis = z.array(api).min(1).describe('The APIs that tokens are for.')

export const Config = z.strictObject({
  issuer,
  listen,
  tls: tls.optional().describe('TLS by this server itself.'),
  proxy: proxy.optional().describe('Set when a reverse proxy terminates TLS.'),
  keys,
  state,
  users: usersSchema,
  apis,
  clients: clientsSchema,
  defaultClient: z
    .string()
    .optional()
    .describe(
      'Public client that requests without any client are taken for, as the tutorial forms send them. Every such request is this client.',
    ),
  revocations: z
    .strictObject({
      feed: z
        .boolean()
        .default(true)
        .describe(
          'Whether GET /revocations tells everybody what was revoked, users and clients as digests, so that APIs that validate JWTs by themselves can refuse it.',
        ),
    })
    .prefault({})
    .describe('How revocations reach APIs.'),
  administration: z
    .strictObject({
      audience: resource.describe(
        'The API among `apis` whose tokens administer; it must know the scope.',
      ),
      scope: scopeToken
        .default('latchkey:admin')
        .describe(
          'The scope that administers, for confidential clients that have it by name among their `scopes`, and by client_credentials alone.',
        ),
    })
    .optional()
    .describe(
      'GET /admin/users/{sub}/sessions and POST /admin/revocations; neither is there unless this is.',
    ),
  passwords,
  throttle,
  dpop: z
    .strictObject({
      requireNonce: z
        .boolean()
        .default(false)
        .describe(
          'Whether every proof at the token endpoint must carry a nonce of this server (RFC 9449 section 8). Otherwise only a proof whose time is off is asked for one.',
        ),
    })
    .prefault({})
    .describe('Proofs of possession (RFC 9449).'),
  http,
  bodyLimit: z
    .number()
    .int()
    .min(1024)
    .max(1_048_576)
    .default(16_384)
    .describe(
      'Largest request body, in bytes; 413 beyond. An ML-DSA-65 token, introspected by a client that authenticates with such a key, takes 11,000.',
    ),
  log: z
    .strictObject({
      level: z
        .enum(['debug', 'info', 'warn', 'error', 'silent'])
        .default('info')
        .describe('Least severity that is written.'),
      pretty: z.boolean().default(false).describe('Lines for people instead of JSON.'),
    })
    .prefault({})
    .describe('The log on standard output.'),
  metrics: z
    .strictObject({
      host: z.string().default('127.0.0.1').describe('Address of the metrics listener.'),
      port: z.number().int().min(0).max(65535).describe('Port of the metrics listener.'),
    })
    .optional()
    .describe('Prometheus metrics at GET /metrics on a listener of their own.'),
  development: z
    .boolean()
    .default(false)
    .describe('What `npm start` runs: makes a demo user and demo clients; loopback only.'),
})
export type Config = z.output<typeof Config>
