import { createHash, createHmac } from 'node:crypto'
import { base64 } from './base64.ts'
import { caps, sized } from './caps.ts'
import { equal } from './equal.ts'
import { type HashFormat, UnusableHash } from './format.ts'
import { inBackground } from './loops/background.ts'

const digestBytes = { md5: 16, sha1: 20, sha256: 32, sha384: 48, sha512: 64 } as const
type Part = 'salt' | 'password' | 'pepper'

/**
 * A home-made scheme, described. The stored string is `prefix`, then salt and digest with `separator`
 * between them; a salt in a column of its own is joined to it by the query.
 */
export interface CustomScheme {
  readonly name: string
  readonly digest: keyof typeof digestBytes
  /** What is digested, in this order. */
  readonly input: readonly Part[]
  /** Makes it an HMAC with this key over `input`. */
  readonly hmacKey?: Part | undefined
  /** Digests in all: each after the first is of the raw digest before it. 1 if left out. */
  readonly iterations?: number | undefined
  readonly encoding: 'hex' | 'base64'
  readonly prefix?: string | undefined
  readonly stored: 'salt-digest' | 'digest-salt' | 'digest'
  /** `$` if left out. */
  readonly separator?: string | undefined
  /** How the salt is written where it is not the bytes themselves. `text` if left out. */
  readonly salt?: 'text' | 'hex' | 'base64' | undefined
  readonly pepper?: string | undefined
}

/** Throws Error for a scheme that cannot be. */
export function custom(scheme: CustomScheme): HashFormat {
  const { name, digest, encoding, prefix = '', separator = '$', iterations = 1 } = scheme
  check(scheme, iterations)
  const bytes = digestBytes[digest]
  const isDigest = encoding === 'hex' ? hexOf(bytes) : base64Of(bytes)

  function split(stored: string): { salt: string; text: string } | undefined {
    if (!stored.startsWith(prefix)) return undefined
    const rest = stored.slice(prefix.length)
    if (scheme.stored === 'digest')
      return isDigest.test(rest) ? { salt: '', text: rest } : undefined
    const first = scheme.stored === 'digest-salt'
    const at = first ? rest.indexOf(separator) : rest.lastIndexOf(separator)
    if (at < 0) return undefined
    const [left, right] = [rest.slice(0, at), rest.slice(at + separator.length)]
    const [salt, text] = first ? [right, left] : [left, right]
    return isDigest.test(text) ? { salt, text } : undefined
  }

  return {
    name,
    matches: (stored) => split(stored) !== undefined,
    read(stored) {
      const found = split(stored)
      if (found === undefined) throw new UnusableHash(`malformed ${name} hash`)
      const salt = sized(decode(found.salt, scheme.salt ?? 'text'), `${name} salt`, 0, caps.salt)
      const expected = decode(found.text, encoding)
      const pepper = Buffer.from(scheme.pepper ?? '')
      return {
        cost: `${name} ${digest} iterations=${iterations}`,
        inThread: iterations > 1,
        async verify(password, signal) {
          const parts = { salt, password, pepper }
          const hash = scheme.hmacKey
            ? createHmac(digest, parts[scheme.hmacKey])
            : createHash(digest)
          for (const part of scheme.input) hash.update(parts[part])
          const input = hash.digest()
          const rounds = iterations - 1
          const last =
            rounds > 0
              ? await inBackground({ loop: 'iterated', digest, input, rounds }, signal)
              : input
          return equal(last, expected)
        },
      }
    },
  }
}

function check({ name, input, hmacKey }: CustomScheme, iterations: number): void {
  if (![...input, hmacKey].includes('password')) {
    throw new Error(`passwords.custom ${name}: the password takes no part in it`)
  }
  if (!Number.isInteger(iterations) || iterations < 1 || iterations > caps.customIterations) {
    throw new Error(`passwords.custom ${name}: iterations are 1 to ${caps.customIterations}`)
  }
}

const hexOf = (bytes: number) => new RegExp(`^[0-9a-fA-F]{${2 * bytes}}$`)
const base64Of = (bytes: number) =>
  new RegExp(`^[A-Za-z0-9+/]{${Math.ceil((8 * bytes) / 6)}}={0,2}$`)

function decode(text: string, encoding: 'text' | 'hex' | 'base64'): Buffer {
  if (encoding === 'text') return Buffer.from(text)
  if (encoding === 'base64') return base64(text)
  if (!/^(?:[0-9a-fA-F]{2})*$/.test(text)) throw new UnusableHash('not hex')
  return Buffer.from(text, 'hex')
}
