import { hash } from 'node:crypto'

/** phpass and Drupal 7: the digest of salt and password, then of itself and the password, again and again. */
export function portable(
  digest: 'md5' | 'sha512',
  password: Uint8Array,
  salt: Uint8Array,
  rounds: number,
): Buffer {
  let last = hash(digest, Buffer.concat([salt, password]), 'buffer')
  for (let round = 0; round < rounds; round++) {
    last = hash(digest, Buffer.concat([last, password]), 'buffer')
  }
  return last
}

/** A digest of a digest of a digest, as home-made schemes stretch. */
export function iterated(digest: string, first: Uint8Array, rounds: number): Buffer {
  let last = Buffer.from(first)
  for (let round = 0; round < rounds; round++) last = hash(digest, last, 'buffer')
  return last
}
