import * as z from 'zod'
import { file, network, path } from './values.ts'

export const issuer = z
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

export const listen = z
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
      socket: path().describe('Path of a unix socket to listen on instead of a port.'),
    }),
  ])
  .default({ host: '127.0.0.1', port: 8000 })
  .describe('Where the server listens.')

export const tls = z.strictObject({
  cert: file().describe('Path of the certificate chain, PEM.'),
  key: file().describe('Path of the private key, PEM.'),
  clientCa: file()
    .optional()
    .describe(
      'Path of the authorities, PEM, whose client certificates are asked for and trusted (RFC 8705).',
    ),
})

export const proxy = z.strictObject({
  trusted: z
    .array(
      network.refine(
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
    .regex(/^[A-Za-z0-9-]+$/, 'the name of a header: letters, digits and -')
    .optional()
    .describe(
      'Header in which the proxy passes a verified client certificate (PEM, URL-encoded, or RFC 9440 Client-Cert). The proxy must remove it from what clients send.',
    ),
  clientCa: file()
    .optional()
    .describe(
      'Path of the authorities, PEM, one of which must have issued the certificate of a tls_client_auth client. Needed where the proxy lets any certificate through, for self-signed ones; otherwise the proxy is taken at its word.',
    ),
})

const milliseconds = (least: number, most: number) => z.number().int().min(least).max(most)

export const http = z
  .strictObject({
    headersTimeout: milliseconds(100, 60_000)
      .default(5000)
      .describe(
        'How long the head of a request may take to arrive, or the handshake of TLS, in milliseconds; then 408.',
      ),
    requestTimeout: milliseconds(100, 60_000)
      .default(10_000)
      .describe('How long a whole request may take to arrive, in milliseconds; then 408.'),
    answerTimeout: milliseconds(100, 60_000)
      .default(5000)
      .describe(
        'How long an answer may take once the request is there, in milliseconds; then 503. More than a look-up, `passwords.wait` and the slowest hash take together. GET /revocations may wait for news beyond it.',
      ),
    unreadTimeout: milliseconds(100, 60_000)
      .default(10_000)
      .describe(
        'How long a client may leave its answer unread, in milliseconds, before its connection is ended.',
      ),
    keepAliveTimeout: milliseconds(100, 600_000)
      .default(5000)
      .describe(
        'How long a connection is kept for the next request, in milliseconds. Behind a proxy, longer than the proxy keeps it, or the proxy meets closed connections.',
      ),
    connections: z
      .number()
      .int()
      .min(10)
      .max(100_000)
      .default(2000)
      .describe(
        'Connections at once. When nearly all are taken, the longest idle one makes room for a new one.',
      ),
    connectionsPerAddress: z
      .number()
      .int()
      .min(1)
      .max(100_000)
      .default(500)
      .describe(
        'Connections at once from one address (IPv6: /64). Those of `proxy.trusted` and of a unix socket are not counted.',
      ),
    headersLimit: z
      .number()
      .int()
      .min(4096)
      .max(65_536)
      .default(16_384)
      .describe(
        'Largest head of a request, in bytes; 431 beyond. An ML-DSA-65 access token and a DPoP proof by such a key take 14,000.',
      ),
  })
  .refine(
    ({ headersTimeout, requestTimeout }) => headersTimeout <= requestTimeout,
    'headersTimeout is a part of requestTimeout: make it no longer',
  )
  .prefault({})
  .describe('Bounds on what clients may take up.')
