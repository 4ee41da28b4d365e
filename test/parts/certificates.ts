import { execFileSync } from 'node:child_process'
import { createHash, X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

export interface Certificate {
  /** Paths of the PEM files. */
  readonly certFile: string
  readonly keyFile: string
  readonly cert: string
  readonly key: string
  readonly x509: X509Certificate
  /** RFC 8705 section 3.1. */
  readonly thumbprint: string
}

export interface CertificateParts {
  /** As openssl takes it: `/C=DE/CN=client`. */
  readonly subject: string
  /** As openssl takes it: `DNS:client.example`. */
  readonly names?: string
  /** Who signs; the key itself unless given. */
  readonly by?: Certificate
}

let serial = 0

/** A certificate for a fresh P-256 key, good for two days, in two files of the folder. */
export function makeCertificate(
  folder: string,
  { subject, names, by }: CertificateParts,
): Certificate {
  const base = join(folder, `certificate-${++serial}`)
  const [certFile, keyFile] = [`${base}.pem`, `${base}.key`]
  execFileSync(
    'openssl',
    [
      ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'],
      ...['-days', '2', '-utf8', '-multivalue-rdn', '-subj', subject],
      ...['-keyout', keyFile, '-out', certFile],
      ...(names === undefined ? [] : ['-addext', `subjectAltName=${names}`]),
      ...(by === undefined ? [] : ['-CA', by.certFile, '-CAkey', by.keyFile]),
    ],
    { stdio: 'ignore' },
  )
  const cert = readFileSync(certFile, 'utf8')
  const x509 = new X509Certificate(cert)
  const thumbprint = createHash('sha256').update(x509.raw).digest('base64url')
  return { certFile, keyFile, cert, key: readFileSync(keyFile, 'utf8'), x509, thumbprint }
}
