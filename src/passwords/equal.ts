import { timingSafeEqual } from 'node:crypto'

/** Compares in constant time; a difference in length is no secret. */
export function equal(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && timingSafeEqual(a, b)
}
