import type { Passwords } from '../passwords/index.ts'
import type { Directory, User } from './directory.ts'

export interface RehashParts {
  readonly users: Directory
  readonly passwords: Passwords
  /** For the audit log: not replaced means that another hash was there by then, or that we may not write. */
  readonly onRehashed: (outcome: { sub: string; replaced: boolean }) => void
  /** The message holds nothing secret. */
  readonly onFailure: (failure: { sub: string; reason: string }) => void
}

export interface Rehash {
  /** To be told of every right password; returns at once. */
  offer(user: User, password: string): void
  /** Resolves when nothing is under way any more. */
  close(): Promise<void>
}

/** How many may be under way: logins come before them, and the next login offers it again. */
const most = 4

/**
 * Replaces a hash that is older or weaker than ours after a login (compare-and-swap on the old one),
 * where the directory names a format that the owner's application reads. Whatever goes wrong is no
 * concern of the login.
 */
export function createRehash({ users, passwords, onRehashed, onFailure }: RehashParts): Rehash {
  const underWay = new Map<string, Promise<void>>()

  async function replace(user: User, hash: string, password: string): Promise<void> {
    try {
      const next = await passwords.hash(password, hash)
      const replaced = (await users.replaceHash?.(user, hash, next)) ?? false
      onRehashed({ sub: user.id, replaced })
    } catch (error) {
      const reason = error instanceof Error ? `${error.name}: ${error.message}` : 'unknown failure'
      onFailure({ sub: user.id, reason })
    }
  }

  return {
    offer(user, password) {
      const { id, hash, rehashTo } = user
      if (users.replaceHash === undefined || rehashTo === undefined || hash === undefined) return
      if (underWay.size >= most || underWay.has(id)) return
      if (!isPlain(password) || !passwords.needsRehash(hash)) return
      underWay.set(
        id,
        replace(user, hash, password).finally(() => underWay.delete(id)),
      )
    },
    async close() {
      await Promise.all(underWay.values())
    },
  }
}

/**
 * Whether an application hashes these very bytes, whatever it does first: trim (WordPress), cut at
 * 72 bytes (bcrypt), stop at a control character (C), normalise. With any other password our hash
 * might be of one that the application never tries.
 */
const isPlain = (password: string): boolean =>
  password === password.trim() &&
  password === password.normalize('NFC') &&
  Buffer.byteLength(password) <= 72 &&
  !/\p{Cc}/u.test(password)
