import { bcryptFormat } from './bcrypt.ts'
import { type HashFormat, UnusableHash } from './format.ts'
import { md5Crypt } from './md5-crypt.ts'
import { scryptCryptFormat } from './scrypt.ts'
import { shaCrypt } from './sha-crypt.ts'

/** Refused: no npm package of yescrypt is sound enough to be trusted with it. */
export const yescrypt: HashFormat = {
  name: 'yescrypt',
  matches: (stored) => /^\$g?y\$/.test(stored),
  read() {
    throw new UnusableHash('yescrypt cannot be verified here: there is no sound library for it')
  },
}

const members = [bcryptFormat, shaCrypt, md5Crypt, scryptCryptFormat, yescrypt]
const prefix = /^\{(?:CRYPT|BLF-CRYPT|SHA256-CRYPT|SHA512-CRYPT|MD5-CRYPT)\}/i

/** RFC 2307 `{CRYPT}`, and Dovecot's names for its kinds: whatever crypt(3) wrote follows. */
export const ldapCrypt: HashFormat = {
  name: 'ldap-crypt',
  matches: (stored) => prefix.test(stored),
  read(stored) {
    const bare = stored.replace(prefix, '')
    const format = members.find(({ matches }) => matches(bare))
    if (format === undefined) {
      throw new UnusableHash(
        'crypt(3) hash of an unknown kind; traditional DES is refused as broken',
      )
    }
    return format.read(bare)
  },
}
