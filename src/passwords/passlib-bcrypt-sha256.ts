import { createHash, createHmac } from 'node:crypto'
import { bcrypt } from './bcrypt.ts'
import { type HashFormat, UnusableHash } from './format.ts'
import { after } from './wrapped.ts'

const first = /^\$bcrypt-sha256\$2[aby],([0-9]{1,2})\$([./A-Za-z0-9]{22})\$([./A-Za-z0-9]{31})$/
const second =
  /^\$bcrypt-sha256\$v=2,t=2[aby],r=([0-9]{1,2})\$([./A-Za-z0-9]{22})\$([./A-Za-z0-9]{31})$/

/**
 * passlib's bcrypt_sha256 (passlib.hash.bcrypt_sha256, format and algorithm). Version 1 hashes the
 * base64 of the SHA-256; version 2 that of an HMAC keyed with the letters of the salt.
 */
export const passlibBcryptSha256: HashFormat = {
  name: 'passlib-bcrypt-sha256',
  matches: (stored) => stored.startsWith('$bcrypt-sha256$'),
  read(stored) {
    const old = first.exec(stored)
    const [, rounds, salt, digest] = old ?? second.exec(stored) ?? []
    if (rounds === undefined || salt === undefined || digest === undefined) {
      throw new UnusableHash('malformed bcrypt-sha256 hash')
    }
    const shorten = (password: Buffer) => {
      const sha256 = old ? createHash('sha256') : createHmac('sha256', salt)
      return Buffer.from(sha256.update(password).digest('base64'))
    }
    return after(shorten, bcrypt(rounds, salt, digest))
  },
}
