import { hash } from 'node:crypto'

/**
 * A digest of parts, written over `into`, for loops of it: everything happens in the same memory.
 * `binary` (latin1) is what crypto.hash answers soonest, two and a half times sooner than with a Buffer.
 */
export function digester(name: string, capacity: number) {
  const memory = Buffer.alloc(capacity)
  return (into: Buffer, ...parts: readonly Uint8Array[]): void => {
    let end = 0
    for (const part of parts) {
      memory.set(part, end)
      end += part.length
    }
    into.write(hash(name, memory.subarray(0, end), 'binary'), 'binary')
  }
}

/** The bytes over and over, until `length` of them are there. */
export function repeat(bytes: Uint8Array, length: number): Buffer {
  return Buffer.alloc(length, bytes)
}

/** The binary digits of a number, least significant first: the crypt(3) loops walk along them. */
export function binary(value: number): boolean[] {
  const digits = []
  for (let rest = value; rest > 0; rest >>= 1) digits.push((rest & 1) === 1)
  return digits
}

export function reorder(bytes: Uint8Array, order: readonly number[]): Buffer {
  return Buffer.from(order.map((index) => bytes[index] ?? 0))
}
