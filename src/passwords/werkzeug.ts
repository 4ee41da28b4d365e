import { type HashFormat, UnusableHash } from './format.ts'
import { pbkdf2 } from './pbkdf2.ts'
import { readCost, scrypt } from './scrypt.ts'

const shape = /^(pbkdf2|scrypt):([^$:]+)(?::([^$:]+))?(?::([^$:]+))?\$([^$]+)\$((?:[0-9a-f]{2})+)$/

/** Werkzeug, and so Flask: `pbkdf2:sha256:600000$salt$hex`, `scrypt:32768:8:1$salt$hex`; salts are text. */
export const werkzeug: HashFormat = {
  name: 'werkzeug',
  matches: (stored) => /^(?:pbkdf2|scrypt):/.test(stored),
  read(stored) {
    const [, method, first = '', second, third, salt, hex] = shape.exec(stored) ?? []
    if (salt === undefined || hex === undefined) throw new UnusableHash('malformed Werkzeug hash')
    const key = Buffer.from(hex, 'hex')
    if (method === 'scrypt') return scrypt(readCost(first, second, third), Buffer.from(salt), key)
    if (second === undefined) {
      throw new UnusableHash('Werkzeug hash without iterations: their default changed by version')
    }
    return pbkdf2(first, second, Buffer.from(salt), key)
  },
}
