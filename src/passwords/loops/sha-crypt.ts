import { hash } from 'node:crypto'
import { cryptBase64 } from '../base64.ts'
import { binary, digester, reorder, repeat } from './bytes.ts'

/** Which digest bytes stand together in four letters: one of each third, and the thirds take turns. */
function orderOf(third: number, turn: number, rest: readonly number[]): number[] {
  const groups = Array.from({ length: third }, (_, index) =>
    [2, 1, 0].map((place) => index + third * ((index * turn + place) % 3)),
  )
  return [...groups.flat(), ...rest]
}

const orders = { sha256: orderOf(10, 2, [30, 31]), sha512: orderOf(21, 1, [63]) }

/** Drepper's "Unix crypt using SHA-256 and SHA-512", whose names for the digests are kept: A, B, P, S. */
export function shaCrypt(
  name: 'sha256' | 'sha512',
  password: Uint8Array,
  salt: Uint8Array,
  rounds: number,
): Buffer {
  const sha = (...parts: Uint8Array[]) => hash(name, Buffer.concat(parts), 'buffer')
  const b = sha(password, salt, password)
  const bits = binary(password.length).map((bit) => (bit ? b : password))
  const a = sha(password, salt, repeat(b, password.length), ...bits)
  const p = repeat(sha(...Array.from(password, () => password)), password.length)
  const times = 16 + (a[0] ?? 0)
  const s = repeat(sha(...Array.from({ length: times }, () => salt)), salt.length)

  const digest = digester(name, a.length + s.length + 2 * p.length)
  for (let round = 0; round < rounds; round++) {
    const odd = round % 2 === 1
    const parts = [odd ? p : a]
    if (round % 3 > 0) parts.push(s)
    if (round % 7 > 0) parts.push(p)
    parts.push(odd ? a : p)
    digest(a, ...parts)
  }
  return Buffer.from(cryptBase64(reorder(a, orders[name])))
}
