import { createHmac } from 'node:crypto'
import { readBcrypt } from './bcrypt.ts'
import type { HashFormat } from './format.ts'
import { after } from './wrapped.ts'

/** What PHP's trim() takes away, which WordPress calls on every password. */
const blanks = [0x20, 0x09, 0x0a, 0x0d, 0x00, 0x0b]

/** WordPress 6.8: `$wp` before a bcrypt hash of the base64 of an HMAC-SHA-384. Older ones are phpass. */
export const wordpress: HashFormat = {
  name: 'wordpress',
  matches: (stored) => stored.startsWith('$wp$'),
  read: (stored) => after(shorten, readBcrypt(stored.slice('$wp'.length))),
}

function shorten(password: Buffer): Buffer {
  const hmac = createHmac('sha384', 'wp-sha384').update(trim(password))
  return Buffer.from(hmac.digest('base64'))
}

function trim(bytes: Buffer): Buffer {
  const isLetter = (byte: number) => !blanks.includes(byte)
  return bytes.subarray(Math.max(0, bytes.findIndex(isLetter)), bytes.findLastIndex(isLetter) + 1)
}
