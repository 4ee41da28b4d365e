import { base64 } from './base64.ts'
import { readBcrypt } from './bcrypt.ts'
import { type HashFormat, type StoredHash, UnusableHash } from './format.ts'
import { pbkdf2 } from './pbkdf2.ts'
import { scrypt } from './scrypt.ts'

const reasons = new Map([
  ['noop', 'is the password itself'],
  ['sha256', 'is 1024 rounds of SHA-256, deprecated by Spring Security'],
  ['SHA-1', 'is one round of SHA-1'],
  ['SHA-256', 'is one round of SHA-256'],
  ['MD4', 'is one round of MD4'],
])

const ids = ['bcrypt', 'pbkdf2', 'scrypt', ...reasons.keys()]
const shape = /^\{([\w-]+)(@SpringSecurity_v5_8)?\}(.*)$/s

/**
 * Spring Security's DelegatingPasswordEncoder: `{id}` before what the encoder of that name wrote, with
 * the defaults of the version (PasswordEncoderFactories). `{argon2}` is read with the argon2 format.
 */
export const spring: HashFormat = {
  name: 'spring',
  matches: (stored) => ids.includes(shape.exec(stored)?.[1] ?? ''),
  read(stored) {
    const [, id = '', version, encoded = ''] = shape.exec(stored) ?? []
    if (id === 'bcrypt') return readBcrypt(encoded)
    if (id === 'pbkdf2') return springPbkdf2(encoded, version !== undefined)
    if (id === 'scrypt') return springScrypt(encoded)
    throw new UnusableHash(`Spring Security {${id}} ${reasons.get(id) ?? 'is unknown'}`)
  },
}

/** Hex of salt and 32 bytes of key; the iterations are not written down. */
function springPbkdf2(encoded: string, recent: boolean): StoredHash {
  const [digest, iterations, saltBytes] = recent
    ? (['sha256', '310000', 16] as const)
    : (['sha1', '185000', 8] as const)
  if (!/^[0-9a-f]+$/.test(encoded) || encoded.length !== 2 * (saltBytes + 32)) {
    throw new UnusableHash('malformed Spring Security pbkdf2 hash')
  }
  const bytes = Buffer.from(encoded, 'hex')
  return pbkdf2(digest, iterations, bytes.subarray(0, saltBytes), bytes.subarray(saltBytes))
}

/** `$e0801$salt$key`: hex of log2 N, then a byte each for r and p. */
function springScrypt(encoded: string): StoredHash {
  const [, hex, salt, key] = /^\$([0-9a-f]{5,6})\$([^$]+)\$([^$]+)$/.exec(encoded) ?? []
  if (hex === undefined || salt === undefined || key === undefined) {
    throw new UnusableHash('malformed Spring Security scrypt hash')
  }
  const packed = Number.parseInt(hex, 16)
  const cost = { N: 2 ** (packed >> 16), r: (packed >> 8) & 255, p: packed & 255 }
  return scrypt(cost, base64(salt), base64(key))
}
