import { hash } from '@node-rs/bcrypt'
import { bcryptBase64 } from './base64.ts'
import { bounded, caps } from './caps.ts'
import { equal } from './equal.ts'
import { type HashFormat, type StoredHash, UnusableHash } from './format.ts'
import { after, refusingNul } from './wrapped.ts'

const shape = /^\$2([aby])\$([0-9]{2})\$([./A-Za-z0-9]{22})([./A-Za-z0-9]{31})$/

/** Reads `$2b$12$` + salt + digest. The formats built on bcrypt change the password first. */
export function readBcrypt(stored: string): StoredHash {
  if (stored.startsWith('$2x$')) {
    throw new UnusableHash('bcrypt 2x marks hashes of a program that mangled bytes above 127')
  }
  if (stored.startsWith('$2$')) throw new UnusableHash('bcrypt of before 2a left out the final NUL')
  const [, , digits, salt, digest] = shape.exec(stored) ?? []
  if (digits === undefined || salt === undefined || digest === undefined) {
    throw new UnusableHash('malformed bcrypt hash')
  }
  return bcrypt(digits, salt, digest)
}

/**
 * bcrypt of the first 72 bytes, as every origin cuts; 2a, 2b and 2y mean the same to a correct
 * implementation. Salt and digest are in bcrypt's base64.
 */
export function bcrypt(digits: string, salt: string, digest: string): StoredHash {
  const cost = bounded(digits, 'bcrypt cost', 4, caps.bcryptCost)
  const setting = { salt: bcryptBase64(salt), cost, version: '2b' } as const
  const expected = bcryptBase64(digest)
  return refusingNul({
    cost: `bcrypt cost=${cost}`,
    verify: async (password) =>
      equal(bcryptBase64((await hash(password, setting)).slice(-31)), expected),
  })
}

const matches = (stored: string) => /^\$2[abxy]?\$/.test(stored)

export const bcryptFormat: HashFormat = { name: 'bcrypt', matches, read: readBcrypt }

/** Devise (Ruby on Rails) with `config.pepper`: the pepper follows the password, and may be cut at 72 bytes. */
export function devise(pepper: string): HashFormat {
  const seasoned = Buffer.from(pepper)
  return {
    name: 'devise',
    matches,
    read: (stored) => after((password) => Buffer.concat([password, seasoned]), readBcrypt(stored)),
  }
}
