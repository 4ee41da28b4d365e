import { hash } from '@node-rs/bcrypt'
import { bcryptBase64 } from './base64.ts'
import { bounded, caps } from './caps.ts'
import { equal } from './equal.ts'
import { type HashFormat, type StoredHash, UnusableHash } from './format.ts'

const shape = /^\$2([aby])\$([0-9]{2})\$([./A-Za-z0-9]{22})([./A-Za-z0-9]{31})$/

/** Reads `$2b$12$` + salt + digest. The formats built on bcrypt change the password first. */
export function readBcrypt(stored: string): StoredHash {
  if (stored.startsWith('$2x$')) {
    throw new UnusableHash('bcrypt 2x marks hashes of a program that mangled bytes above 127')
  }
  if (stored.startsWith('$2$')) throw new UnusableHash('bcrypt of before 2a left out the final NUL')
  const [, minor, digits, salt, digest] = shape.exec(stored) ?? []
  if (minor === undefined || salt === undefined || digest === undefined) {
    throw new UnusableHash('malformed bcrypt hash')
  }
  const cost = bounded(digits, 'bcrypt cost', 4, caps.bcryptCost)
  return bcrypt(cost, bcryptBase64(salt), bcryptBase64(digest))
}

/**
 * bcrypt of the first 72 bytes, as every origin cuts; 2a, 2b and 2y mean the same to a correct
 * implementation. A password with a NUL is computed and refused: crypt(3) stops there, PHP and
 * Python refuse to set it, so a match could only be of another password.
 */
export function bcrypt(cost: number, salt: Buffer, expected: Buffer): StoredHash {
  return {
    cost: `bcrypt cost=${cost}`,
    async verify(password) {
      const encoded = await hash(password, { salt, cost, version: '2b' })
      return equal(bcryptBase64(encoded.slice(-31)), expected) && !password.includes(0)
    },
  }
}

export const bcryptFormat: HashFormat = {
  name: 'bcrypt',
  matches: (stored) => /^\$2[abxy]?\$/.test(stored),
  read: readBcrypt,
}
