/**
 * Where users live: a table, an LDAP tree or a service of the owner's. Read-only unless told
 * otherwise. Methods throw DirectoryUnavailable when the directory cannot be asked.
 */
export interface Directory {
  readonly name: string
  /** The user a login name means. Throws AmbiguousUser when it means more than one. */
  findByLogin(login: string): Promise<User | undefined>
  /** The user with this id, as it is now: refresh and introspection ask again. */
  findById(id: string): Promise<User | undefined>
  /**
   * Present where the directory itself judges passwords (LDAP bind, HTTP callout) and no hash is to be had;
   * undefined for a user of another directory beside it.
   */
  checkPassword?(user: User, password: string): Promise<boolean | undefined>
  /** Compare-and-swap of a password hash; false when `from` was no longer there. Present only where rehashing is on. */
  replaceHash?(user: User, from: string, to: string): Promise<boolean>
  /** Every stored hash, in bounded memory, for `latchkey inspect-hashes`; absent where hashes cannot be read. */
  scan?(): AsyncIterable<{ readonly id: string; readonly hash: string | undefined }>
  /** How many `scan` will give, where that can be counted. */
  size?(): Promise<number>
  /** Resolves when the directory answers. */
  check(): Promise<void>
  close(): Promise<void>
}

export interface User {
  /** Stable for the life of the account; becomes `sub`. */
  readonly id: string
  readonly username: string
  readonly email?: string
  readonly fullName?: string
  readonly disabled: boolean
  /** The stored hash exactly as found; undefined when there is none to verify (unusable password, LDAP). */
  readonly hash?: string
  /** Scopes this user may have; undefined = no restriction by user. */
  readonly scopes?: readonly string[]
  /** Claims by the directory's allow-list, ready for the token. */
  readonly claims?: Readonly<Record<string, unknown>>
  /** Milliseconds since the epoch; a login before it is no longer good. */
  readonly passwordChangedAt?: number
  /** Name of the hash format `replaceHash` may write, one the owner's application reads; absent: leave the hash alone. */
  readonly rehashTo?: string
}

/** The part of a logger that directories use. */
export interface DirectoryLog {
  warn(fields: Readonly<Record<string, unknown>>, message: string): void
}

export class DirectoryUnavailable extends Error {
  override readonly name = 'DirectoryUnavailable'
}

/** Two rows answer to one login name: the operator's fault, refused like an unknown user. */
export class AmbiguousUser extends Error {
  override readonly name = 'AmbiguousUser'
}
