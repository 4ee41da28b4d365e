import { type Argon2Parameters, argon2Wrapper, readArgon2 } from './argon2.ts'
import { UnusableHash } from './format.ts'

/** Whether a hash is not argon2id, or is less work or less memory than wanted. */
export function isLess(stored: string, wanted: Argon2Parameters): boolean {
  try {
    const { type, version, memory, iterations } = readArgon2(stored)
    if (type !== 2 || version !== 19 || memory < wanted.memory) return true
    return memory * iterations < wanted.memory * wanted.iterations
  } catch (error) {
    if (error instanceof UnusableHash) return true
    throw error
  }
}

/** How a new hash in place of `stored` begins. */
export const replacementFor = (
  stored: string,
  { memory, iterations, parallelism }: Argon2Parameters,
) => `${wrapperFor(stored)}$argon2id$v=19$m=${memory},t=${iterations},p=${parallelism}`

const django = /^(?:bcrypt|bcrypt_sha256|pbkdf2_sha256|pbkdf2_sha1|scrypt)\$/
const spring = /^\{(?:bcrypt|pbkdf2|scrypt)(?:@SpringSecurity_v5_8)?\}/
const scheme = /^\{[A-Za-z0-9-]+\}/

/** The application that wrote the old hash reads argon2 only behind a prefix of its own. */
export function wrapperFor(stored: string): string {
  const [same] = argon2Wrapper.exec(stored) ?? []
  if (same !== undefined) return same
  if (django.test(stored)) return 'argon2'
  if (spring.test(stored)) return '{argon2@SpringSecurity_v5_8}'
  return scheme.test(stored) ? '{ARGON2ID}' : ''
}
