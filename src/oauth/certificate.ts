import { X509Certificate } from 'node:crypto'
import { TLSSocket } from 'node:tls'
import type { Context } from 'koa'
import { factsOf } from './request.ts'

/** Where the certificates of clients come from; undefined where none can arrive. */
export interface CertificateSource {
  /** Header in which a trusted proxy passes them on. */
  readonly header?: string | undefined
  /** Who must have issued what comes in the header; without it the proxy is taken at its word. */
  readonly authorities?: readonly X509Certificate[] | undefined
}

/** The certificates of a PEM file. Throws what Node throws for one that is none. */
export const certificatesIn = (pem: string): X509Certificate[] =>
  (pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? []).map(
    (one) => new X509Certificate(one),
  )

/** The TLS certificate of a client, whose key the handshake proved it to hold, here or at the proxy. */
export interface ClientCertificate {
  readonly x509: X509Certificate
  /** Whether an authority that we, or the proxy, trust vouches for it. */
  readonly authorized: boolean
}

/**
 * The certificate of a request (RFC 8705 section 6.5). A trusted proxy speaks for its clients
 * through the header alone, as its own certificate is no client's; from everybody else the header
 * counts for nothing.
 */
export function clientCertificate(
  ctx: Pick<Context, 'req' | 'state'>,
  { header, authorities }: CertificateSource,
): ClientCertificate | undefined {
  const { socket, headersDistinct } = ctx.req
  if (header !== undefined && factsOf(ctx).viaProxy)
    return forwarded(headersDistinct[header.toLowerCase()] ?? [], authorities)
  const x509 = socket instanceof TLSSocket ? socket.getPeerX509Certificate() : undefined
  return x509 && { x509, authorized: (socket as TLSSocket).authorized }
}

/** Two fields may be the proxy's and a client's: then neither counts. */
function forwarded(
  [field, second]: readonly string[],
  authorities: CertificateSource['authorities'],
): ClientCertificate | undefined {
  if (field === undefined || second !== undefined) return undefined
  try {
    const x509 = new X509Certificate(encoded(field))
    const now = new Date()
    const valid = x509.validFromDate <= now && now <= x509.validToDate
    return { x509, authorized: valid && (authorities?.some(issued(x509)) ?? true) }
  } catch {
    return undefined
  }
}

const issued = (certificate: X509Certificate) => (authority: X509Certificate) =>
  authority.ca && certificate.checkIssued(authority) && certificate.verify(authority.publicKey)

/** RFC 9440 section 2.1: DER in base64 between colons; otherwise PEM, URL-encoded. */
function encoded(field: string): Buffer | string {
  const [, der] = /^:([A-Za-z0-9+/]+={0,2}):$/.exec(field) ?? []
  return der === undefined ? decodeURIComponent(field) : Buffer.from(der, 'base64')
}
