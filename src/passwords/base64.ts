import { UnusableHash } from './format.ts'

const standard = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'
const bcryptOrder = './ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'
const cryptOrder = './0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'

/** RFC 4648 section 4, with or without padding. Node's own decoder skips what it does not know. */
export function base64(text: string): Buffer {
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(text)) throw new UnusableHash('not base64')
  return Buffer.from(text, 'base64')
}

/** passlib's variant: `.` for `+`, no padding. */
export function dottedBase64(text: string): Buffer {
  return base64(text.replaceAll('.', '+'))
}

/** bcrypt's own order of the alphabet, most significant bits first like RFC 4648. */
export function bcryptBase64(text: string): Buffer {
  return Buffer.from(
    text.replace(/./gs, (letter) => standard[bcryptOrder.indexOf(letter)] ?? ''),
    'base64',
  )
}

/** The value of one letter in the order of crypt(3), or -1. */
export function cryptDigit(letter: string | undefined): number {
  return letter === undefined ? -1 : cryptOrder.indexOf(letter)
}

/** The encoding of crypt(3) and phpass: three bytes are four letters, least significant bits first. */
export function cryptBase64(bytes: Uint8Array): string {
  let text = ''
  for (let i = 0; i < bytes.length; i += 3) {
    const group = bytes.subarray(i, i + 3)
    let value = group.reduce((sum, byte, place) => sum | (byte << (8 * place)), 0)
    for (let letters = group.length; letters >= 0; letters--) {
      text += cryptOrder[value & 63]
      value >>= 6
    }
  }
  return text
}
