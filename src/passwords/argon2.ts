import { randomBytes } from 'node:crypto'
import { base64 } from './base64.ts'
import { bounded, caps, sized } from './caps.ts'
import { equal } from './equal.ts'
import { type HashFormat, type StoredHash, UnusableHash } from './format.ts'
import { inBackground } from './loops/background.ts'

export interface Argon2Parameters {
  /** KiB. */
  readonly memory: number
  readonly iterations: number
  readonly parallelism: number
}

/** One computation: type is the `y` of RFC 9106 section 3.1, version 16 or 19. */
export interface Argon2Input extends Argon2Parameters {
  readonly type: 0 | 1 | 2
  readonly version: 16 | 19
  readonly salt: Buffer
  readonly length: number
}

/** The signal is as in StoredHash.verify. */
export type Argon2 = (password: Buffer, input: Argon2Input, signal?: AbortSignal) => Promise<Buffer>

/** In threads of our own (loops/argon2.ts). Throws where its binary is not there. */
export async function loadFastArgon2(): Promise<Argon2> {
  await import('./loops/argon2.ts')
  return (input, { salt, ...rest }, signal) => {
    const parameters = { ...rest, salt: new Uint8Array(salt) }
    return inBackground({ loop: 'argon2', input, parameters }, signal)
  }
}

export async function loadPortableArgon2(): Promise<Argon2> {
  const { hash } = await import('argon2')
  return (password, input) =>
    hash(password, {
      raw: true,
      type: input.type,
      version: input.version,
      memoryCost: input.memory,
      timeCost: input.iterations,
      parallelism: input.parallelism,
      salt: input.salt,
      hashLength: input.length,
    })
}

// A platform without a binary for one of them usually has one for the other.
const fast = await loadFastArgon2().catch(() => undefined)
const argon2 = fast ?? (await loadPortableArgon2())
/** Whether threads of our own compute it. */
export const inThread = fast !== undefined

const types = { argon2d: 0, argon2i: 1, argon2id: 2 } as const

// Django writes `argon2` before the PHC string; OpenLDAP, Dovecot and Spring Security a scheme in braces.
export const argon2Wrapper = /^(?:argon2(?=\$)|\{argon2(?:i|d|id)?(?:@SpringSecurity_v5_8)?\})/i
const phc = /^\$(argon2id|argon2i|argon2d)\$(?:v=(16|19)\$)?([^$]+)\$([^$]+)\$([^$]+)$/

export interface Argon2Hash extends StoredHash, Argon2Input {
  readonly memory: number
}

/** Reads a PHC string (github.com/P-H-C/phc-string-format), bare or in one of the wrappers. */
export function readArgon2(stored: string): Argon2Hash {
  const [, name, version = '16', parameters = '', salt = '', digest = ''] =
    phc.exec(stored.replace(argon2Wrapper, '')) ?? []
  if (name !== 'argon2id' && name !== 'argon2i' && name !== 'argon2d') {
    throw new UnusableHash('malformed argon2 hash')
  }
  const expected = sized(base64(digest), 'argon2 digest', 16, caps.digest)
  const input: Argon2Input = {
    type: types[name],
    version: version === '19' ? 19 : 16,
    ...readParameters(parameters),
    salt: sized(base64(salt), 'argon2 salt', 8, caps.salt),
    length: expected.length,
  }
  return {
    ...input,
    cost: `${name} v=${input.version} ${describe(input, ' ')}`,
    inThread,
    verify: async (password, signal) => equal(await argon2(password, input, signal), expected),
  }
}

/** In any order: npm's argon2 0.45 wrote `m,p,t`, everybody else writes and some read only `m,t,p`. */
function readParameters(text: string): Argon2Parameters {
  const given = new Map(text.split(',').map((part) => [part.slice(0, 2), part.slice(2)]))
  if (given.size !== 3 || text.split(',').length !== 3) {
    throw new UnusableHash('argon2 parameters other than m, t and p')
  }
  const parallelism = bounded(given.get('p='), 'argon2 p', 1, caps.argon2.parallelism)
  return {
    parallelism,
    // RFC 9106 section 3.1: at least 8 KiB a lane.
    memory: bounded(given.get('m='), 'argon2 m', 8 * parallelism, caps.argon2.memory),
    iterations: bounded(given.get('t='), 'argon2 t', 1, caps.argon2.iterations),
  }
}

const describe = ({ memory, iterations, parallelism }: Argon2Parameters, between: string) =>
  [`m=${memory}`, `t=${iterations}`, `p=${parallelism}`].join(between)

function encode(parameters: Argon2Parameters, salt: Buffer, digest: Buffer): string {
  const [saltText, digestText] = [salt, digest].map((bytes) =>
    bytes.toString('base64').replaceAll('=', ''),
  )
  return `$argon2id$v=19$${describe(parameters, ',')}$${saltText}$${digestText}`
}

/** A new argon2id hash as a PHC string, with a salt of 16 and a digest of 32 bytes. */
export async function hashArgon2id(
  password: Buffer,
  parameters: Argon2Parameters,
  signal?: AbortSignal,
): Promise<string> {
  const salt = randomBytes(16)
  const input = { ...parameters, type: types.argon2id, version: 19, salt, length: 32 } as const
  return encode(parameters, salt, await argon2(password, input, signal))
}

/** A valid hash of no password anybody knows, made without hashing. */
export function unknownArgon2id(parameters: Argon2Parameters): string {
  return encode(parameters, randomBytes(16), randomBytes(32))
}

/**
 * Argon2 i, d and id (RFC 9106), versions 16 and 19; a string without `v=` means 16. Keyed hashes
 * (`keyid`, `data`) are refused.
 */
export const argon2Format: HashFormat = {
  name: 'argon2',
  matches: (stored) => /^\$argon2(?:id|i|d)\$/.test(stored.replace(argon2Wrapper, '')),
  read: readArgon2,
}
