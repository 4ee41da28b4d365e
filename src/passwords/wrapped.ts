import type { StoredHash } from './format.ts'

/** The hash of a password that was changed before it was hashed. */
export function after(change: (password: Buffer) => Buffer, hash: StoredHash): StoredHash {
  return { ...hash, verify: (password, signal) => hash.verify(change(password), signal) }
}

/**
 * For formats of crypt(3), which reads a C string: a password with a NUL is computed like any other
 * and refused. C stops at the NUL and PHP and Python refuse to set such a password, so a match could
 * only be that of another one.
 */
export function refusingNul(hash: StoredHash): StoredHash {
  return {
    ...hash,
    verify: async (password, signal) =>
      (await hash.verify(password, signal)) && !password.includes(0),
  }
}
