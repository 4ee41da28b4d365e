import { createHash } from 'node:crypto'
import { base64 } from './base64.ts'
import { readBcrypt } from './bcrypt.ts'
import { type HashFormat, UnusableHash } from './format.ts'
import { pbkdf2 } from './pbkdf2.ts'
import { readCost, scrypt } from './scrypt.ts'
import { after } from './wrapped.ts'

// Django writes `algorithm$…` (django/contrib/auth/hashers.py); its salts are text, taken as UTF-8.

export const djangoPbkdf2: HashFormat = {
  name: 'django-pbkdf2',
  matches: (stored) => /^pbkdf2_(?:sha256|sha1)\$/.test(stored),
  read(stored) {
    const [, digest, iterations, salt, key] =
      /^pbkdf2_(sha256|sha1)\$([0-9]+)\$([^$]+)\$([^$]+)$/.exec(stored) ?? []
    if (digest === undefined || iterations === undefined || salt === undefined || !key) {
      throw new UnusableHash('malformed Django pbkdf2 hash')
    }
    return pbkdf2(digest, iterations, Buffer.from(salt), base64(key))
  },
}

/** `scrypt$N$salt$r$p$key`: the salt stands between the parameters. */
export const djangoScrypt: HashFormat = {
  name: 'django-scrypt',
  matches: (stored) => stored.startsWith('scrypt$'),
  read(stored) {
    const [, N, salt, r, p, key] =
      /^scrypt\$([0-9]+)\$([^$]+)\$([0-9]+)\$([0-9]+)\$([^$]+)$/.exec(stored) ?? []
    if (salt === undefined || key === undefined) {
      throw new UnusableHash('malformed Django scrypt hash')
    }
    return scrypt(readCost(N, r, p), Buffer.from(salt), base64(key))
  },
}

export const djangoBcrypt: HashFormat = {
  name: 'django-bcrypt',
  matches: (stored) => stored.startsWith('bcrypt$'),
  read: (stored) => readBcrypt(stored.slice('bcrypt$'.length)),
}

/** bcrypt of the SHA-256 in hex, so that nothing is cut at 72 bytes. */
export const djangoBcryptSha256: HashFormat = {
  name: 'django-bcrypt-sha256',
  matches: (stored) => stored.startsWith('bcrypt_sha256$'),
  read: (stored) => after(hexSha256, readBcrypt(stored.slice('bcrypt_sha256$'.length))),
}

const hexSha256 = (password: Buffer) =>
  Buffer.from(createHash('sha256').update(password).digest('hex'))
