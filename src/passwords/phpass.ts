import { cryptBase64, cryptDigit } from './base64.ts'
import { caps } from './caps.ts'
import { equal } from './equal.ts'
import { ExcessiveHash, type HashFormat, type StoredHash, UnusableHash } from './format.ts'
import { inBackground } from './loops/background.ts'

/**
 * The "portable" hash of phpass: a letter for the binary logarithm of the rounds, eight letters of
 * salt, and as much of the encoded digest as the stored hash has.
 */
export function portable(
  digest: 'md5' | 'sha512',
  letter: string,
  salt: string,
  expected: string,
): StoredHash {
  const log2 = cryptDigit(letter)
  if (log2 < 7 || log2 > caps.phpassLog2) {
    throw new (log2 < 7 ? UnusableHash : ExcessiveHash)(
      `2^${log2} rounds; 2^7 to 2^${caps.phpassLog2} can be verified`,
    )
  }
  const rounds = 2 ** log2
  const setting = { loop: 'portable', digest, salt: Buffer.from(salt), rounds } as const
  return {
    cost: `portable-${digest} rounds=${rounds}`,
    inThread: true,
    async verify(input, signal) {
      const text = cryptBase64(await inBackground({ ...setting, input }, signal))
      return equal(Buffer.from(text.slice(0, expected.length)), Buffer.from(expected))
    },
  }
}

/** phpass 0.3 with MD5: `$P$` of WordPress before 6.8 and many others, `$H$` of phpBB 3. */
export const phpass: HashFormat = {
  name: 'phpass',
  matches: (stored) => /^\$[PH]\$/.test(stored),
  read(stored) {
    const [, letter, salt, expected] =
      /^\$[PH]\$([./A-Za-z0-9])([./A-Za-z0-9]{8})([./A-Za-z0-9]{22})$/.exec(stored) ?? []
    if (letter === undefined || salt === undefined || expected === undefined) {
      throw new UnusableHash('malformed phpass hash')
    }
    return portable('md5', letter, salt, expected)
  },
}
