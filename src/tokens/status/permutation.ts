import { createCipheriv, hkdfSync, type KeyObject } from 'node:crypto'

const half = 10
const mask = 2 ** half - 1
const rounds = 4

/** Entries of a status list: 2^20, so 128 KiB with one bit each. */
export const listSize = 2 ** (2 * half)

/**
 * Where the tokens of a list stand in it, in the order of their issue: every place once, and in an
 * order that tells nobody who follows whom (draft-ietf-oauth-status-list-21 section 13.2). A Feistel
 * network with four rounds (Luby and Rackoff); its round functions are tables of random numbers drawn
 * from the key and the name of the list, so that a million places take milliseconds.
 */
export function permutation(list: string, secret: KeyObject): (position: number) => number {
  const key = hkdfSync('sha256', secret, '', `latchkey status list ${list}`, 32)
  const size = rounds * (mask + 1) * Uint16Array.BYTES_PER_ELEMENT
  const stream = createCipheriv('aes-256-ctr', Buffer.from(key), Buffer.alloc(16))
  const random = stream.update(Buffer.alloc(size))
  return (position) => {
    let left = position >>> half
    let right = position & mask
    for (let round = 0; round < rounds; round++) {
      const cell = 2 * ((round << half) | right)
      const number = (random[cell] ?? 0) | ((random[cell + 1] ?? 0) << 8)
      const next = left ^ (number & mask)
      left = right
      right = next
    }
    return (left << half) | right
  }
}
