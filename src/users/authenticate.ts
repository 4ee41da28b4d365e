import type { Applicant, Passwords } from '../passwords/index.ts'
import { AmbiguousUser, type Directory, type User } from './directory.ts'
import { lineOf } from './line.ts'
import type { Rehash } from './rehash.ts'
import { type Throttle, uncounted } from './throttle.ts'

export interface Credentials {
  readonly username: string
  readonly password: string
  readonly address: string
  /** Id of the client that asks. */
  readonly client: string
  /** Thumbprint of a key that the user's device has proved to hold. */
  readonly device?: string | undefined
  /** Whether this is a guess that was just judged wrong, made once more: not a new one, and not counted. */
  readonly repeated?: boolean
  /** Aborted when nobody waits for the answer any more. */
  readonly signal?: AbortSignal
}

/** Why a login was refused: for the audit log alone, the client gets one answer for all. */
export type Refusal =
  | 'wrong password'
  | 'unknown user'
  | 'disabled'
  | 'ambiguous name'
  | 'unusable hash'
  | 'name of a client'
  | 'throttled'

export type Login =
  | { readonly user: User }
  | {
      readonly refused: Refusal
      readonly sub?: string
      /** Where it was throttled: seconds, and the kind of budget that was exhausted. */
      readonly retryAfter?: number
      readonly budget?: string
    }

/**
 * Judges a name and a password. Throws DirectoryUnavailable, StateUnavailable or Overloaded where
 * it cannot: that is never a wrong password.
 */
export type Authenticate = (credentials: Credentials) => Promise<Login>

export interface AuthenticateParts {
  readonly users: Directory
  readonly passwords: Passwords
  readonly throttle: Throttle
  /** Told of every right password, when the login is decided. */
  readonly rehash: Pick<Rehash, 'offer'>
  /** A user whose sub is a client's id could pass for the client (RFC 9700 section 4.15). */
  readonly isClient: (sub: string) => boolean
  /** The operator's fault: the reason holds no hash. */
  readonly onUnusableHash: (fault: { sub: string; reason: string }) => void
}

/**
 * One path of constant shape: look up, reserve, hash once, decide. Unknown, disabled and ambiguous
 * users and unusable hashes cost the same one hash as a wrong password.
 */
export function createAuthenticate(parts: AuthenticateParts): Authenticate {
  return async ({ username, password, address, client, device, repeated = false, signal }) => {
    const line = lineOf(client, address)
    const name = username.normalize('NFC')
    const found = await lookUp(parts.users, name)
    const user = found === 'ambiguous name' ? undefined : found
    const sub = user && { sub: user.id }
    const folded = name.trim().toLowerCase()
    const attempt = repeated
      ? uncounted
      : await parts.throttle.reserve({ name, sub: user?.id, address, client, device })
    if (!attempt.allowed) {
      const { retryAfter, budget } = attempt
      return { refused: 'throttled', retryAfter, budget, ...sub }
    }
    const applicant = { line, known: attempt.known, signal }
    let refusal: Refusal | undefined
    try {
      refusal = await judge(parts, user, { password, name: folded, applicant })
    } catch (error) {
      attempt.withdraw()
      throw error
    }
    if (refusal !== undefined || user === undefined) {
      attempt.wrong()
      const reason = found === 'ambiguous name' ? found : (refusal ?? 'unknown user')
      return { refused: reason, ...sub }
    }
    attempt.right()
    parts.rehash.offer(user, password)
    return { user }
  }
}

async function lookUp(
  users: Directory,
  name: string,
): Promise<User | 'ambiguous name' | undefined> {
  try {
    return await users.findByLogin(name)
  } catch (error) {
    if (error instanceof AmbiguousUser) return 'ambiguous name'
    throw error
  }
}

interface Tried {
  readonly password: string
  /** As directories may know it that ignore case: one name must not cost now this and now that. */
  readonly name: string
  readonly applicant: Applicant
}

/** Undefined when the password is right and the user may log in. */
async function judge(
  parts: AuthenticateParts,
  user: User | undefined,
  tried: Tried,
): Promise<Refusal | undefined> {
  const right = await verify(parts, user, tried)
  if (user === undefined) return 'unknown user'
  if (right === 'unusable hash') return right
  if (!right) return 'wrong password'
  if (user.disabled) return 'disabled'
  return parts.isClient(user.id) ? 'name of a client' : undefined
}

async function verify(
  { users, passwords, onUnusableHash }: AuthenticateParts,
  user: User | undefined,
  tried: Tried,
): Promise<boolean | 'unusable hash'> {
  if (user && user.hash === undefined) {
    const said = await users.checkPassword?.(user, tried.password)
    if (said !== undefined) return said
  }
  let unusable = false
  const right = await passwords.verifyLogin(tried, user?.hash, (reason) => {
    unusable = true
    onUnusableHash({ sub: user?.id ?? '', reason })
  })
  return unusable ? 'unusable hash' : right
}
