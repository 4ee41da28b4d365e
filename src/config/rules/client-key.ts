import { createPublicKey, type JsonWebKey, type KeyObject } from 'node:crypto'
import type { Finding, Path } from '../faults.ts'

type Key = Readonly<Record<string, unknown>>

/** A key of a client is public, and good for what it is there for. */
export function checkKey(key: Key, path: Path, needsCertificate: boolean): Finding[] {
  const wrong = whatIsWrong(key, needsCertificate)
  return wrong ? [{ path, message: wrong }] : []
}

function whatIsWrong(key: Key, needsCertificate: boolean): string | undefined {
  if ('d' in key || 'k' in key)
    return 'this key is secret: write only its public members, and replace it, as it was written down'
  if (needsCertificate && !Array.isArray(key.x5c))
    return 'write the certificate of the key as its `x5c` (RFC 8705 section 2.2.2)'
  const read = readKey(key)
  if (!read) return 'not a public key: write a JWK with `kty` RSA, EC or OKP (RFC 7517 section 4)'
  if (isShort(read)) return 'an RSA key has 2048 bits at least: replace it'
  if (!needsCertificate && !signs(read))
    return 'no algorithm for assertions uses this key: write one of RSA, P-256 or Ed25519'
  return undefined
}

function readKey(key: Key): KeyObject | undefined {
  try {
    return createPublicKey({ key: key as JsonWebKey, format: 'jwk' })
  } catch {
    return undefined
  }
}

/** RFC 7518 section 3.3. */
const isShort = ({ asymmetricKeyType, asymmetricKeyDetails }: KeyObject) =>
  asymmetricKeyType === 'rsa' && (asymmetricKeyDetails?.modulusLength ?? 0) < 2048

const signs = ({ asymmetricKeyType: type, asymmetricKeyDetails: details }: KeyObject) =>
  type === 'rsa' || type === 'ed25519' || details?.namedCurve === 'prime256v1'
