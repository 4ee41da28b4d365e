import { hash } from 'node:crypto'
import { digester } from './bytes.ts'

/** phpass and Drupal 7: the digest of salt and password, then of itself and the password, again and again. */
export function portable(
  name: 'md5' | 'sha512',
  password: Uint8Array,
  salt: Uint8Array,
  rounds: number,
): Buffer {
  const digest = digester(name, 64 + password.length)
  const last = hash(name, Buffer.concat([salt, password]), 'buffer')
  for (let round = 0; round < rounds; round++) digest(last, last, password)
  return last
}

/** A digest of a digest of a digest, as home-made schemes stretch. */
export function iterated(name: string, first: Uint8Array, rounds: number): Buffer {
  const digest = digester(name, first.length)
  const last = Buffer.from(first)
  for (let round = 0; round < rounds; round++) digest(last, last)
  return last
}
