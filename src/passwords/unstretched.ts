import { createHash } from 'node:crypto'
import { base64 } from './base64.ts'
import { caps, sized } from './caps.ts'
import { equal } from './equal.ts'
import { type HashFormat, type StoredHash, UnusableHash } from './format.ts'

/** One digest of password and salt, in this order. */
function single(digest: string, expected: Buffer, salt: Buffer): StoredHash {
  return {
    cost: `${digest} once`,
    verify: async (password) =>
      equal(createHash(digest).update(password).update(salt).digest(), expected),
  }
}

/** RFC 2307 section 5.3 and its kin: base64 of the digest, and of the salt where the name has an S. */
function ldap(scheme: string, digest: string, bytes: number): HashFormat {
  const prefix = `{${scheme}}`
  const salted = scheme.startsWith('SS') || scheme === 'SMD5'
  // Spring Security writes {ldap} before it.
  const bare = (stored: string) => stored.replace(/^\{ldap\}/, '')
  return {
    name: `ldap-${scheme.toLowerCase()}`,
    weak: true,
    matches: (stored) => bare(stored).slice(0, prefix.length).toUpperCase() === prefix,
    read(stored) {
      const decoded = base64(bare(stored).slice(prefix.length))
      sized(decoded, prefix, bytes, bytes + (salted ? caps.salt : 0))
      return single(digest, decoded.subarray(0, bytes), decoded.subarray(bytes))
    },
  }
}

export const ldapFormats: readonly HashFormat[] = [
  ldap('MD5', 'md5', 16),
  ldap('SMD5', 'md5', 16),
  ldap('SHA', 'sha1', 20),
  ldap('SSHA', 'sha1', 20),
  ldap('SHA256', 'sha256', 32),
  ldap('SSHA256', 'sha256', 32),
  ldap('SHA512', 'sha512', 64),
  ldap('SSHA512', 'sha512', 64),
]

/** The MD5 of the password in hex, as old WordPress and much else stored it. */
export const md5: HashFormat = {
  name: 'md5',
  weak: true,
  matches: (stored) => /^[0-9a-fA-F]{32}$/.test(stored),
  read(stored) {
    if (!md5.matches(stored)) throw new UnusableHash('malformed MD5')
    return single('md5', Buffer.from(stored, 'hex'), Buffer.alloc(0))
  },
}
