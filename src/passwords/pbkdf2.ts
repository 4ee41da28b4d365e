import { pbkdf2 as derive } from 'node:crypto'
import { promisify } from 'node:util'
import { dottedBase64 } from './base64.ts'
import { bounded, caps, sized } from './caps.ts'
import { equal } from './equal.ts'
import { type HashFormat, type StoredHash, UnusableHash } from './format.ts'

const pbkdf2Async = promisify(derive)
const digestBytes = { sha1: 20, sha224: 28, sha256: 32, sha384: 48, sha512: 64 } as const

/** PBKDF2 (RFC 8018 section 5.2) with HMAC. Every format of it ends here, so the caps stand here. */
export function pbkdf2(digest: string, iterations: string, salt: Buffer, key: Buffer): StoredHash {
  if (!isDigest(digest)) throw new UnusableHash('PBKDF2 with an unknown digest')
  sized(salt, 'PBKDF2 salt', 0, caps.salt)
  sized(key, 'PBKDF2 key', 16, caps.digest)
  // A key longer than the digest costs all iterations for each block of it.
  const blocks = Math.ceil(key.length / digestBytes[digest])
  const most = Math.floor(caps.pbkdf2Iterations / blocks)
  const count = bounded(iterations, 'PBKDF2 iterations', 1, most)
  return {
    cost: `pbkdf2-${digest} iterations=${count} bytes=${key.length}`,
    verify: async (password) =>
      equal(await pbkdf2Async(password, salt, count, key.length, digest), key),
  }
}

const isDigest = (name: string): name is keyof typeof digestBytes =>
  Object.hasOwn(digestBytes, name)

const shape =
  /^(?:\$pbkdf2(?:-(sha1|sha256|sha512))?\$|\{PBKDF2(?:-(SHA1|SHA256|SHA512))?\})(?:i=)?([0-9]+)(?:,l=[0-9]+)?\$([^$]*)\$([^$]+)$/

/** passlib's `$pbkdf2-sha256$`, the PHC string of the same name, and OpenLDAP's `{PBKDF2-SHA256}`. */
export const pbkdf2Format: HashFormat = {
  name: 'pbkdf2',
  matches: (stored) => /^(?:\$pbkdf2(?:-\w+)?\$|\{PBKDF2(?:-\w+)?\})/.test(stored),
  read(stored) {
    const [, lower, upper, iterations, salt, key] = shape.exec(stored) ?? []
    if (iterations === undefined || salt === undefined || key === undefined) {
      throw new UnusableHash('malformed pbkdf2 hash')
    }
    const digest = lower ?? upper?.toLowerCase() ?? 'sha1'
    return pbkdf2(digest, iterations, dottedBase64(salt), dottedBase64(key))
  },
}
