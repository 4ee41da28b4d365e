import { z } from 'zod'
import { clientsSchema } from './schema-clients.ts'
import { usersSchema } from './schema-users.ts'
import { algorithm, duration, resource, scopeToken } from './values.ts'

const issuer = z
  .string()
  .refine((value) => {
    const url = URL.canParse(value) ? new URL(value) : undefined
    return (
      url !== undefined &&
      ['https:', 'http:'].includes(url.protocol) &&
      !/[?#]/.test(value) &&
      !url.username
    )
  }, 'an http or https URL without query, fragment and user (RFC 8414 section 2)')
  .refine(
    (value) => !value.endsWith('/'),
    'leave out the trailing slash: the issuer is compared byte for byte',
  )
  .describe(
    'The `iss` of every token, compared byte for byte by resource servers (RFC 8414 section 3.3). https, or http on a loopback address.',
  )

const listen = z
  .union([
    z.strictObject({
      host: z.string().default('127.0.0.1').describe('Address to listen on.'),
      port: z
        .number()
        .int()
        .min(0)
        .max(65535)
        .default(8000)
        .describe('Port to listen on; 0 takes a free one.'),
    }),
    z.strictObject({
      socket: z.string().describe('Path of a unix socket to listen on instead of a port.'),
    }),
  ])
  .default({ host: '127.0.0.1', port: 8000 })
  .describe('Where the server listens.')

const tls = z.strictObject({
  cert: z.string().describe('Path of the certificate chain, PEM.'),
  key: z.string().describe('Path of the private key, PEM.'),
  clientCa: z
    .string()
    .optional()
    .describe(
      'Path of the authorities, PEM, whose client certificates are asked for and trusted (RFC 8705).',
    ),
})

const proxy = z.strictObject({
  trusted: z
    .array(
      z
        .union([z.cidrv4(), z.cidrv6()])
        .refine(
          (cidr) => !cidr.endsWith('/0'),
          'trusting every address trusts nobody: name the proxy',
        ),
    )
    .min(1)
    .describe(
      'CIDR ranges of the reverse proxies whose X-Forwarded-For and client certificate header are believed. Nobody else is.',
    ),
  clientCertificateHeader: z
    .string()
    .regex(/^[A-Za-z0-9-]+$/)
    .optional()
    .describe(
      'Header in which the proxy passes a verified client certificate (PEM, URL-encoded, or RFC 9440 Client-Cert). The proxy must remove it from what clients send.',
    ),
})

const state = z
  .union([
    z
      .string()
      .regex(/^(sqlite:.+|rediss?:\/\/.+)$/, 'sqlite:PATH, redis://… or rediss://…')
      .transform((url) => ({ url })),
    z.strictObject({
      url: z
        .string()
        .regex(/^(sqlite:.+|rediss?:\/\/.+)$/, 'sqlite:PATH, redis://… or rediss://…')
        .describe('sqlite:PATH, redis://… or rediss://…'),
      prefix: z
        .string()
        .regex(/^[\w:-]{1,32}$/)
        .default('latchkey')
        .describe('Redis: what every key begins with.'),
      sentinel: z
        .strictObject({
          name: z.string().describe('Name of the master set.'),
          hosts: z
            .array(z.string().regex(/^.+:\d+$/, 'host:port'))
            .min(1)
            .describe('Sentinels, host:port.'),
        })
        .optional()
        .describe('Redis Sentinel; credentials and database come from `url`.'),
      cluster: z
        .array(z.string().regex(/^.+:\d+$/, 'host:port'))
        .min(1)
        .optional()
        .describe('Redis Cluster: some of its nodes, host:port.'),
      replicas: z
        .number()
        .int()
        .min(0)
        .max(10)
        .default(0)
        .describe(
          'Redis: how many replicas must have a revocation before it is acknowledged (WAIT); 503 otherwise.',
        ),
      replicaTimeout: z
        .number()
        .int()
        .min(10)
        .max(2000)
        .default(200)
        .describe('Redis: how long to wait for them, in milliseconds.'),
      timeout: z
        .number()
        .int()
        .min(50)
        .max(5000)
        .default(1000)
        .describe(
          'Redis: how long a command may take, in milliseconds, before its outcome counts as unknown (503).',
        ),
      ca: z.string().optional().describe('rediss: path of the authority to trust, PEM.'),
      allowUnsafePersistence: z
        .boolean()
        .default(false)
        .describe(
          'Redis: start although keys may be evicted or no append-only file is kept. Revocations can then be lost.',
        ),
    }),
  ])
  .default({ url: 'sqlite:data/state.sqlite' })
  .describe(
    'The store for refresh families and revocations: SQLite on one machine, Redis or Valkey for several.',
  )

const apis = z
  .array(
    z.strictObject({
      audience: resource.describe('The `aud` of its tokens and its resource indicator (RFC 8707).'),
      scopes: z
        .array(scopeToken)
        .default([])
        .describe('Scopes this API knows, in the order in which tokens name them.'),
      accessTokenLifetime: duration()
        .default(300)
        .describe('Lifetime of an access token, in seconds.'),
      format: z
        .enum(['jwt', 'opaque'])
        .default('jwt')
        .describe(
          '`jwt` (RFC 9068) is validated by the API itself, `opaque` only by introspection.',
        ),
      algorithm: algorithm.default('ES256').describe('Algorithm that signs its JWTs.'),
      profile: z
        .boolean()
        .default(false)
        .describe('Whether its tokens are good for GET /users/me.'),
    }),
  )
  .min(1)
  .describe('The APIs that tokens are for.')

const passwords = z
  .strictObject({
    running: z
      .number()
      .int()
      .min(1)
      .max(64)
      .optional()
      .describe(
        'Password hashes computed at once; the number of processors, if left out. More is slower.',
      ),
    queue: z
      .number()
      .int()
      .min(0)
      .max(1000)
      .default(32)
      .describe('Logins that may wait for their turn; the next one is answered 503.'),
    wait: z
      .number()
      .int()
      .min(50)
      .max(10_000)
      .default(1000)
      .describe('How long a login may wait for its turn, in milliseconds; then 503.'),
    hash: z
      .strictObject({
        memory: z
          .number()
          .int()
          .min(8192)
          .max(262_144)
          .default(19_456)
          .describe('argon2id memory in KiB.'),
        iterations: z.number().int().min(1).max(10).default(2).describe('argon2id passes.'),
        parallelism: z.number().int().min(1).max(8).default(1).describe('argon2id lanes.'),
      })
      .prefault({})
      .describe('Parameters of new hashes, and of the dummy hash that an unknown user costs.'),
    allowWeak: z
      .array(z.string())
      .default([])
      .describe(
        'Weak formats that may be verified all the same, by name (`latchkey inspect-hashes` names them).',
      ),
  })
  .prefault({})
  .describe('How passwords are verified.')

const throttle = z
  .strictObject({
    enabled: z.boolean().default(true).describe('Whether guesses are counted and slowed down.'),
    account: z
      .number()
      .int()
      .min(1)
      .default(10)
      .describe('Wrong passwords for one account from one network in `window` before 429.'),
    accountEverywhere: z
      .number()
      .int()
      .min(1)
      .default(100)
      .describe(
        'Wrong passwords for one account from networks it never logged in from, all together, in `window`.',
      ),
    address: z
      .number()
      .int()
      .min(1)
      .default(60)
      .describe('Wrong passwords from one address (IPv6: /64) in `window`, whatever the account.'),
    client: z
      .number()
      .int()
      .min(1)
      .default(30)
      .describe('Wrong secrets for one client from one address in `window`.'),
    window: duration().default(300).describe('Seconds after which a count starts anew.'),
  })
  .prefault({})
  .describe('Limits on guessing (RFC 6749 sections 2.3.1 and 10.10).')

export const Config = z.strictObject({
  issuer,
  listen,
  tls: tls.optional().describe('TLS by this server itself.'),
  proxy: proxy.optional().describe('Set when a reverse proxy terminates TLS.'),
  keys: z
    .string()
    .default('keys')
    .describe(
      'Folder of the signing keys and the refresh token key; made on first start, mode 0700.',
    ),
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
  passwords,
  throttle,
  bodyLimit: z
    .number()
    .int()
    .min(1024)
    .max(1_048_576)
    .default(65_536)
    .describe('Largest request body, in bytes; 413 beyond.'),
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
