/**
 * One way of storing a password. A stored hash is input: `verify` checks every parameter against
 * the caps before it does any work, and throws UnusableHash for what it cannot or will not verify.
 */
export interface HashFormat {
  /** The name used in configuration, metrics and `latchkey inspect-hashes`. */
  readonly name: string
  /** Passwords in this format can be guessed at millions a second: verified only where the configuration names it. */
  readonly weak?: true
  /** Whether the stored string is in this format, judged by its prefix or shape alone. */
  matches(stored: string): boolean
  /** The password is tried byte for byte; normalisation is the caller's. */
  verify(password: string, stored: string): Promise<boolean>
}

/** The stored hash is malformed, unsupported or beyond the caps. The message never holds the hash. */
export class UnusableHash extends Error {
  override readonly name = 'UnusableHash'
}
