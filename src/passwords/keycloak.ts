import { readArgon2 } from './argon2.ts'
import { base64 } from './base64.ts'
import { type HashFormat, type StoredHash, UnusableHash } from './format.ts'
import { pbkdf2 } from './pbkdf2.ts'

const digests = new Map([
  ['pbkdf2', 'sha1'],
  ['pbkdf2-sha256', 'sha256'],
  ['pbkdf2-sha512', 'sha512'],
])

/**
 * A password credential of Keycloak: an object with `secretData` and `credentialData`, as a realm
 * export has it, or as SQL puts it together from the columns of the table `credential`. Both may
 * be objects or JSON in a string.
 */
export const keycloak: HashFormat = {
  name: 'keycloak',
  matches: (stored) => /^\{\s*"/.test(stored) && stored.includes('"credentialData"'),
  read(stored) {
    const credential = parse(stored)
    const secret = part(credential, 'secretData')
    const data = part(credential, 'credentialData')
    const salt = text(secret, 'salt')
    const key = text(secret, 'value')
    const algorithm = text(data, 'algorithm')
    const iterations = text(data, 'hashIterations')
    const digest = digests.get(algorithm)
    if (digest !== undefined) return pbkdf2(digest, iterations, base64(salt), base64(key))
    if (algorithm === 'argon2') return argon2(data, iterations, salt, key)
    throw new UnusableHash('Keycloak hash with an unknown algorithm')
  },
}

/** The parameters are lists of one string each; written as a PHC string, they meet the same caps. */
function argon2(data: unknown, iterations: string, salt: string, key: string): StoredHash {
  const given = part(data, 'additionalParameters')
  const one = (name: string) => text(member(given, name), '0')
  const version = one('version') === '1.3' ? 19 : 16
  const parameters = `m=${one('memory')},t=${iterations},p=${one('parallelism')}`
  const [saltText, keyText] = [salt, key].map((value) => value.replaceAll('=', ''))
  return readArgon2(`$argon2${one('type')}$v=${version}$${parameters}$${saltText}$${keyText}`)
}

function parse(json: string): unknown {
  try {
    return JSON.parse(json)
  } catch {
    throw new UnusableHash('Keycloak hash that is no JSON')
  }
}

function member(object: unknown, name: string): unknown {
  if (typeof object !== 'object' || object === null || !Object.hasOwn(object, name)) {
    throw new UnusableHash(`Keycloak hash without ${name}`)
  }
  return Object.entries(object).find(([key]) => key === name)?.[1]
}

function part(object: unknown, name: string): unknown {
  const value = member(object, name)
  return typeof value === 'string' ? parse(value) : value
}

function text(object: unknown, name: string): string {
  const value = member(object, name)
  if (typeof value === 'string' || typeof value === 'number') return String(value)
  throw new UnusableHash(`Keycloak hash with an odd ${name}`)
}
