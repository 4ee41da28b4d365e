import { base64 } from './base64.ts'
import { caps } from './caps.ts'
import { type HashFormat, UnusableHash } from './format.ts'
import { pbkdf2 } from './pbkdf2.ts'

const prfs = ['sha1', 'sha256', 'sha512'] as const

/**
 * ASP.NET Core Identity (PasswordHasher.cs), base64 of a version byte and what follows. Version 2 is
 * 49 bytes: 0, salt of 16, key of 32, PBKDF2 with SHA-1 and 1000 iterations. Version 3 has a
 * big-endian header: 1, PRF, iterations, length of the salt; then salt and key.
 */
export const aspnetIdentity: HashFormat = {
  name: 'aspnet-identity',
  matches: (stored) => /^(?:A[A-P][A-Za-z0-9+/]{64}==$|AQAAAA)/.test(stored),
  read(stored) {
    const bytes = base64(stored)
    if (bytes[0] === 0 && bytes.length === 49) {
      return pbkdf2('sha1', '1000', bytes.subarray(1, 17), bytes.subarray(17))
    }
    if (bytes[0] !== 1 || bytes.length < 13) {
      throw new UnusableHash('malformed ASP.NET Identity hash')
    }
    const prf = prfs[bytes.readUInt32BE(1)]
    const saltEnd = 13 + bytes.readUInt32BE(9)
    if (prf === undefined || saltEnd < 13 + 8 || saltEnd > 13 + caps.salt) {
      throw new UnusableHash('ASP.NET Identity hash with an impossible header')
    }
    const iterations = String(bytes.readUInt32BE(5))
    return pbkdf2(prf, iterations, bytes.subarray(13, saltEnd), bytes.subarray(saltEnd))
  },
}
