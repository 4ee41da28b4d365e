import { createSecretKey, type KeyObject, randomBytes, scrypt } from 'node:crypto'
import { KeyFault } from './key-fault.ts'

/** What the operator keeps apart from the keys: words, or 32 random bytes in base64. */
export type SealingSecret = { readonly passphrase: string } | { readonly key: string }

/** How a wrapping key is made from its secret; stands in front of what was sealed with it. */
export type Derivation =
  | {
      readonly kdf: 'scrypt'
      readonly n: number
      readonly r: number
      readonly p: number
      readonly salt: string
    }
  | { readonly kdf: 'none' }

/** 128 MiB and a third of a second: OWASP's first choice for scrypt, as of its Password Storage Cheat Sheet in 2026. */
const cost = { n: 2 ** 17, r: 8, p: 1 } as const

/** Of parameters that were read, before any work: 512 MiB, and eight times the work of ours. */
const bounds = { memory: 2 ** 29, work: 2 ** 23 } as const

export const freshDerivation = (secret: SealingSecret): Derivation =>
  'key' in secret
    ? { kdf: 'none' }
    : { kdf: 'scrypt', ...cost, salt: randomBytes(16).toString('base64url') }

/**
 * The key that wraps, AES-256; undefined for a derivation that is not for such a secret.
 * Throws KeyFault for a secret that is none.
 */
export async function wrappingKey(
  secret: SealingSecret,
  derivation: Derivation,
): Promise<KeyObject | undefined> {
  if ('key' in secret) {
    const bytes = Buffer.from(secret.key, 'base64')
    if (bytes.length !== 32) {
      throw new KeyFault('the key that seals is not 32 bytes: make one by openssl rand -base64 32')
    }
    return derivation.kdf === 'none' ? createSecretKey(bytes) : undefined
  }
  if (derivation.kdf === 'none') return undefined
  const { n: N, r, p, salt } = derivation
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>()
  // Node's own bound is 32 MiB; scrypt needs a little beside its blocks.
  const options = { N, r, p, maxmem: bounds.memory + 2 ** 20 }
  scrypt(
    secret.passphrase.normalize('NFC'),
    Buffer.from(salt, 'base64url'),
    32,
    options,
    (error, key) => (error ? reject(error) : resolve(key)),
  )
  return createSecretKey(await promise)
}

/** What is written in a header, if it is within bounds: a document could else ask for all memory there is. */
export function parseDerivation(header: unknown): Derivation | undefined {
  if (typeof header !== 'object' || header === null || !('kdf' in header)) return undefined
  if (header.kdf === 'none') return { kdf: 'none' }
  if (header.kdf !== 'scrypt') return undefined
  const { n, r, p, salt } = header as Readonly<Record<string, unknown>>
  if (!isCount(n) || !isCount(r) || !isCount(p) || typeof salt !== 'string') return undefined
  // RFC 7914 section 2: N is a power of two.
  if (!Number.isInteger(Math.log2(n)) || n < 2) return undefined
  if (128 * n * r > bounds.memory || n * r * p > bounds.work) return undefined
  return { kdf: 'scrypt', n, r, p, salt }
}

const isCount = (value: unknown): value is number =>
  typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= 2 ** 22
