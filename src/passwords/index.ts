import { createSecretKey, type KeyObject, randomBytes } from 'node:crypto'
import { setImmediate as turn } from 'node:timers/promises'
import { type Argon2Parameters, hashArgon2id, inThread, unknownArgon2id } from './argon2.ts'
import { caps } from './caps.ts'
import { createDummies, type Sample } from './dummy.ts'
import { ExcessiveHash, type HashFormat, type StoredHash, UnusableHash } from './format.ts'
import { type FormatSettings, listFormats } from './formats.ts'
import { type Admission, type Applicant, createHashing, type Hashing } from './hashing.ts'
import { isLess, replacementFor, wrapperFor } from './rehash.ts'
import { spellings } from './spellings.ts'
import { weaknessOf } from './weakness.ts'

export { UnusableHash } from './format.ts'
export { type Applicant, type Missed, Overloaded } from './hashing.ts'

export interface PasswordOptions extends Admission, FormatSettings {
  /** Parameters of new hashes. */
  readonly hash: Argon2Parameters
  /** Names of weak formats that are verified all the same. */
  readonly allowWeak: readonly string[]
  /** Decides which unknown name costs what; one for all instances. One of its own, if left out. */
  readonly dummyKey?: KeyObject
}

export interface Passwords {
  /**
   * True when the password is the one: its bytes as sent, or else its NFC form. Passwords beyond
   * 1024 bytes are false without work. Throws UnusableHash (the operator's fault) and Overloaded.
   */
  verify(password: string, stored: string): Promise<boolean>
  /**
   * Verifies a login, whoever was named, in one shape and time: a name that nobody has (`stored` is
   * undefined) and a hash that cannot be verified cost what a user costs, the same for one name
   * every time. `onFault` is told the reason of the latter, without the hash. Throws Overloaded.
   */
  verifyLogin(
    tried: { readonly name: string; readonly password: string; readonly applicant?: Applicant },
    stored: string | undefined,
    onFault: (reason: string) => void,
  ): Promise<boolean>
  /** Throws Overloaded where a login of this line had no place to wait: before anything is looked up. */
  turnAway: Hashing['turnAway']
  /** Takes stored hashes for an example of what users cost, for the sake of verifyLogin. */
  adopt(stored: AsyncIterable<string>): Promise<void>
  /**
   * A new hash of the NFC form, in the wrapper (Django, LDAP, Spring Security) of `like`, the hash it
   * replaces. Throws RangeError beyond 1024 bytes, and Overloaded.
   */
  hash(password: string, like?: string): Promise<string>
  /** The format's name, or undefined when no format knows the string. */
  identify(stored: string): string | undefined
  /** Whether a login should replace it by a new hash: another format, or less work. */
  needsRehash(stored: string): boolean
  /** What can be said about a stored hash without verifying anything. Nothing in it holds salt or digest. */
  inspect(stored: string): Inspection
  /** Verifications running and waiting now. */
  load: Hashing['load']
}

export type Inspection = { readonly format: string | undefined } & (
  | {
      readonly cost: string
      readonly weakness?: string
      /** How the hash begins that a login would put in its place, where one would. */
      readonly replacement?: string
    }
  | { readonly fault: string; readonly excessive: boolean }
)

/** What no format knows. */
const unreadable = '-'.repeat(60)

/** Those who are not at a login share a line each. */
const command: Applicant = { line: 'command' }
const rehash: Applicant = { line: 'rehash' }

/** Throws Error when the options name what is not there. */
export function createPasswords(options: PasswordOptions): Passwords {
  const known = listFormats(options)
  const hashing = createHashing(options)
  const key = options.dummyKey ?? createSecretKey(randomBytes(32))
  const dummies = createDummies(unknownArgon2id(options.hash), key)
  refuseUnknownNames(options.allowWeak, known)

  const find = (stored: string) =>
    stored.length <= caps.stored ? known.find(({ matches }) => matches(stored)) : undefined

  function read(stored: string): StoredHash {
    if (stored.length > caps.stored)
      throw new ExcessiveHash(`longer than ${caps.stored} characters`)
    const format = find(stored)
    if (format === undefined) throw new UnusableHash('no known password hash format')
    if (format.weak && !options.allowWeak.includes(format.name)) {
      throw new UnusableHash(`${format.name} is weak: name it in passwords.allowWeak to verify it`)
    }
    return format.read(stored)
  }

  function inspect(stored: string): Inspection {
    const format = find(stored)?.name
    try {
      const { cost } = read(stored)
      const weakness = weaknessOf(cost)
      return {
        format,
        cost,
        ...(weakness !== undefined && { weakness }),
        ...(isLess(stored, options.hash) && { replacement: replacementFor(stored, options.hash) }),
      }
    } catch (error) {
      if (!(error instanceof UnusableHash)) throw error
      return { format, fault: error.message, excessive: error instanceof ExcessiveHash }
    }
  }

  async function* readable(all: AsyncIterable<string>): AsyncIterable<Sample> {
    for await (const stored of all) {
      const hash = readOrFault(stored)
      if (!(hash instanceof UnusableHash)) yield { stored, cost: hash.cost }
    }
  }

  function readOrFault(stored: string): StoredHash | UnusableHash {
    try {
      return read(stored)
    } catch (error) {
      if (error instanceof UnusableHash) return error
      throw error
    }
  }

  /** One turn for all spellings, so that the answer takes one place in the queue. */
  async function tryAll(
    hash: StoredHash,
    password: string,
    applicant: Applicant,
  ): Promise<boolean> {
    const forms = spellings(password)
    if (forms.length === 0) return false
    const verify = async (signal?: AbortSignal) => {
      for (const form of forms) if (await hash.verify(form, signal)) return true
      return false
    }
    return hashing.admit(verify, applicant, hash)
  }

  return {
    async verify(password, stored) {
      const hash = read(stored)
      dummies.saw({ stored, cost: hash.cost })
      return tryAll(hash, password, command)
    },
    async verifyLogin({ name, password, applicant = command }, stored, onFault) {
      const dummy = dummies.of(name)
      const own = readOrFault(stored ?? unreadable)
      // Every login reads one hash that is good and one that is not: the second takes longer.
      const other = readOrFault(own instanceof UnusableHash ? dummy : unreadable)
      if (own instanceof UnusableHash) {
        // While the dummy is computed, as its reader's time is not to be noticed either.
        const told = stored !== undefined && turn().then(() => onFault(own.message))
        if (!(other instanceof UnusableHash)) await tryAll(other, password, applicant)
        await told
        return false
      }
      dummies.saw({ stored: stored ?? dummy, cost: own.cost })
      return tryAll(own, password, applicant)
    },
    turnAway: hashing.turnAway,
    adopt: (stored) => dummies.adopt(readable(stored)),
    async hash(password, like = '') {
      const bytes = Buffer.from(password.normalize('NFC'))
      if (bytes.length > caps.password) {
        throw new RangeError(`a password has at most ${caps.password} bytes`)
      }
      const work = (signal?: AbortSignal) => hashArgon2id(bytes, options.hash, signal)
      const bare = await hashing.admit(work, rehash, { memory: options.hash.memory, inThread })
      return wrapperFor(like) + bare
    },
    identify: (stored) => find(stored)?.name,
    needsRehash: (stored) => isLess(stored, options.hash),
    inspect,
    load: hashing.load,
  }
}

function refuseUnknownNames(names: readonly string[], known: readonly HashFormat[]): void {
  const weak = known.filter((format) => format.weak).map(({ name }) => name)
  const unknown = names.find((name) => !weak.includes(name))
  if (unknown !== undefined) {
    throw new Error(
      `passwords.allowWeak: ${unknown} is no weak format; they are ${weak.join(', ')}`,
    )
  }
}
