import { hash } from 'node:crypto'
import { cryptBase64 } from '../base64.ts'
import { binary, digester, reorder, repeat } from './bytes.ts'

const order = [12, 6, 0, 13, 7, 1, 14, 8, 2, 15, 9, 3, 5, 10, 4, 11]

/** md5-crypt of FreeBSD (`$1$`) and of Apache (`$apr1$`), which differ in the magic that is mixed in. */
export function md5Crypt(password: Uint8Array, salt: Uint8Array, magic: string): Buffer {
  const md5 = (...parts: Uint8Array[]) => hash('md5', Buffer.concat(parts), 'buffer')
  const mixed = repeat(md5(password, salt, password), password.length)
  const nul = Buffer.alloc(1)
  const bits = binary(password.length).map((bit) => (bit ? nul : password.subarray(0, 1)))

  const digest = digester('md5', 16 + salt.length + 2 * password.length)
  const last = md5(password, Buffer.from(magic), salt, mixed, ...bits)
  for (let round = 0; round < 1000; round++) {
    const odd = round % 2 === 1
    const parts = [odd ? password : last]
    if (round % 3 > 0) parts.push(salt)
    if (round % 7 > 0) parts.push(password)
    parts.push(odd ? last : password)
    digest(last, ...parts)
  }
  return Buffer.from(cryptBase64(reorder(last, order)))
}
