import { readFileSync } from 'node:fs'

/** How a database server is reached. */
export interface ServerOptions {
  /** Without the parameters that are ours (sslmode). */
  readonly url: URL
  readonly tls: { readonly ca?: string; readonly minVersion: 'TLSv1.2' } | undefined
  /** Most connections at once. */
  readonly connections: number
  /** Milliseconds for connecting, and again for a statement. */
  readonly patience: number
}

const encrypted = new Set(['require', 'verify-ca', 'verify-full'])

/**
 * TLS is on with `ca` or `sslmode=require`, and then always verifies the certificate and the name:
 * encryption to whoever answers protects nobody.
 */
export function serverOptions(
  text: string,
  ca: string | undefined,
  connections: number,
  patience: number,
): ServerOptions {
  const url = new URL(text)
  const mode = url.searchParams.get('sslmode')
  url.searchParams.delete('sslmode')
  const tls =
    ca !== undefined || encrypted.has(mode ?? '')
      ? {
          minVersion: 'TLSv1.2' as const,
          ...(ca !== undefined && { ca: readFileSync(ca, 'utf8') }),
        }
      : undefined
  return { url, tls, connections, patience }
}
