import { join } from 'node:path'
import { type Identity, prepare } from './server-process.ts'

/** A certificate for 127.0.0.1 and localhost that vouches for itself; PEM files in `folder`. */
export function makeCertificate(
  folder: string,
  identity: Identity = {},
): { readonly cert: string; readonly key: string } {
  const [cert, key] = [join(folder, 'cert.pem'), join(folder, 'key.pem')]
  prepare(
    'openssl',
    [
      ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'],
      ...['-keyout', key, '-out', cert, '-days', '2', '-subj', '/CN=127.0.0.1'],
      ...['-addext', 'subjectAltName=IP:127.0.0.1,DNS:localhost'],
    ],
    identity,
  )
  return { cert, key }
}
