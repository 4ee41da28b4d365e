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
