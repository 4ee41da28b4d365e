import { ExcessiveHash, UnusableHash } from './format.ts'

/**
 * The most that a stored hash may ask for; the table in docs/passwords.md. Each is above what the
 * formats' own software writes by default and keeps one verification to a few seconds and 256 MiB.
 */
export const caps = {
  /** Characters of a stored hash. */
  stored: 4096,
  /** Bytes of a password, UTF-8. */
  password: 1024,
  /** Bytes of a salt, and of a digest. */
  salt: 256,
  digest: 128,
  argon2: { memory: 262_144, iterations: 10, parallelism: 16 },
  bcryptCost: 15,
  pbkdf2Iterations: 3_000_000,
  /** `memory` is 128·N·r bytes, `work` is N·r·p. */
  scrypt: { memory: 268_435_456, work: 4_194_304 },
  shaCryptRounds: 1_000_000,
  /** Binary logarithm of the iterations, as phpass and Drupal write it. */
  phpassLog2: 18,
  customIterations: 1_000_000,
} as const

/** A whole number within bounds. Only plain decimal digits are numbers here. */
export function bounded(text: string | undefined, what: string, least: number, most: number) {
  if (text === undefined || !/^[0-9]{1,10}$/.test(text))
    throw new UnusableHash(`no number for ${what}`)
  const value = Number(text)
  if (value < least || value > most) {
    throw new (value > most ? ExcessiveHash : UnusableHash)(
      `${what} is ${value}; ${least} to ${most} can be verified`,
    )
  }
  return value
}

/** Bytes whose length is within bounds. */
export function sized(bytes: Buffer, what: string, least: number, most: number): Buffer {
  if (bytes.length < least || bytes.length > most) {
    throw new (bytes.length > most ? ExcessiveHash : UnusableHash)(
      `${what} has ${bytes.length} bytes; ${least} to ${most} can be verified`,
    )
  }
  return bytes
}
