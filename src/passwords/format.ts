/**
 * One way of storing a password. A stored hash is input: `read` checks every parameter against
 * the caps, so nothing is computed or allocated for a string that asks for too much.
 */
export interface HashFormat {
  /** The name used in configuration, metrics and `latchkey inspect-hashes`. */
  readonly name: string
  /** One fast digest, guessed at billions a second: verified only where the configuration names it. */
  readonly weak?: true
  /** Whether the stored string is in this format, judged by its prefix or shape alone. */
  matches(stored: string): boolean
  /** Takes a stored hash apart without doing any work. Throws UnusableHash. */
  read(stored: string): StoredHash
}

/** A stored hash that was taken apart and found to be within the caps. */
export interface StoredHash {
  /** Format and parameters, never salt or digest: `argon2id v=19 m=19456 t=2 p=1`. May be logged. */
  readonly cost: string
  /** What a verification takes while it runs, in KiB, where it is more than a little. */
  readonly memory?: number | undefined
  /** Whether threads of our own compute it, one at a time each (loops/background.ts). */
  readonly inThread?: boolean | undefined
  /**
   * The password is tried byte for byte; normalisation is the caller's. Where a thread of ours is to compute it and
   * the signal is aborted before it has begun, throws the signal's reason.
   */
  verify(password: Buffer, signal?: AbortSignal): Promise<boolean>
}

/** The stored hash is malformed, unsupported or beyond the caps. The message never holds the hash. */
export class UnusableHash extends Error {
  override readonly name: string = 'UnusableHash'
}

/** It asks for more than the caps allow: a mistake, or somebody's way to keep the server busy. */
export class ExcessiveHash extends UnusableHash {
  override readonly name = 'ExcessiveHash'
}
