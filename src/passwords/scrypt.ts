import { scrypt as derive, type ScryptOptions } from 'node:crypto'
import { base64, cryptBase64, cryptDigit } from './base64.ts'
import { bounded, caps, sized } from './caps.ts'
import { equal } from './equal.ts'
import { ExcessiveHash, type HashFormat, type StoredHash, UnusableHash } from './format.ts'
import { refusingNul } from './wrapped.ts'

/** RFC 7914 section 2. `N` is a power of two. */
export interface ScryptCost {
  readonly N: number
  readonly r: number
  readonly p: number
}

/** What a computation takes, in KiB. */
export const scryptMemory = ({ N, r }: ScryptCost): number => (128 * N * r) / 1024

/** scrypt with a key of the caller's liking. Every format of it ends here, so the caps stand here. */
export function scryptKey({ N, r, p }: ScryptCost, salt: Buffer, length: number) {
  const memory = 128 * N * r
  const inBounds = [N, r, p].every((n) => Number.isSafeInteger(n) && n > 0)
  if (!inBounds || N < 2 || !Number.isInteger(Math.log2(N))) {
    throw new UnusableHash('scrypt parameters that are none')
  }
  if (memory > caps.scrypt.memory || N * r * p > caps.scrypt.work) {
    throw new ExcessiveHash(`scrypt N=${N} r=${r} p=${p} is more than can be verified`)
  }
  sized(salt, 'scrypt salt', 0, caps.salt)
  const options: ScryptOptions = { N, r, p, maxmem: 2 * caps.scrypt.memory }
  return (password: Buffer) =>
    new Promise<Buffer>((resolve, reject) => {
      derive(password, salt, length, options, (error, key) =>
        error ? reject(error) : resolve(key),
      )
    })
}

export function scrypt(cost: ScryptCost, salt: Buffer, expected: Buffer): StoredHash {
  sized(expected, 'scrypt key', 16, caps.digest)
  const key = scryptKey(cost, salt, expected.length)
  return {
    cost: `scrypt N=${cost.N} r=${cost.r} p=${cost.p} bytes=${expected.length}`,
    memory: scryptMemory(cost),
    verify: async (password) => equal(await key(password), expected),
  }
}

/** Numbers in decimal digits, as the text formats have them. */
export function readCost(N: string | undefined, r: string | undefined, p: string | undefined) {
  return {
    N: bounded(N, 'scrypt N', 2, caps.scrypt.work),
    r: bounded(r, 'scrypt r', 1, caps.scrypt.work),
    p: bounded(p, 'scrypt p', 1, caps.scrypt.work),
  }
}

/** `$scrypt$ln=14,r=8,p=1$…`, written by passlib and other users of the PHC string format. */
export const scryptFormat: HashFormat = {
  name: 'scrypt',
  matches: (stored) => stored.startsWith('$scrypt$'),
  read(stored) {
    const [, ln, r, p, salt = '', key] =
      /^\$scrypt\$ln=([0-9]+),r=([0-9]+),p=([0-9]+)\$([^$]*)\$([^$]+)$/.exec(stored) ?? []
    if (key === undefined) throw new UnusableHash('malformed scrypt hash')
    const N = 2 ** bounded(ln, 'scrypt ln', 1, 30)
    return scrypt(readCost(String(N), r, p), base64(salt), base64(key))
  },
}

/** `$7$` of crypt(5): cost, block size and lanes in letters, the salt as it stands. */
export const scryptCryptFormat: HashFormat = {
  name: 'scrypt-crypt',
  matches: (stored) => stored.startsWith('$7$'),
  read(stored) {
    const [, ln = '', r = '', p = '', salt = '', key] =
      /^\$7\$([./A-Za-z0-9])([./A-Za-z0-9]{5})([./A-Za-z0-9]{5})([./A-Za-z0-9]*)\$([./A-Za-z0-9]{43})$/.exec(
        stored,
      ) ?? []
    if (key === undefined) throw new UnusableHash('malformed scrypt hash')
    const cost = { N: 2 ** cryptDigit(ln), r: letters(r), p: letters(p) }
    const derived = scryptKey(cost, sized(Buffer.from(salt), 'scrypt salt', 0, caps.salt), 32)
    return refusingNul({
      cost: `scrypt N=${cost.N} r=${cost.r} p=${cost.p} bytes=32`,
      memory: scryptMemory(cost),
      verify: async (password) =>
        equal(Buffer.from(cryptBase64(await derived(password))), Buffer.from(key)),
    })
  },
}

const letters = (text: string) =>
  [...text].reduce((sum, letter, place) => sum + cryptDigit(letter) * 64 ** place, 0)
