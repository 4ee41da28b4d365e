/**
 * R || S (RFC 7518 section 3.4), `half` bytes each, of an ECDSA signature in DER: a SEQUENCE of two
 * INTEGERs, which have a zero before a high bit and none that is not needed. Done here because
 * signing with Node's `dsaEncoding` takes more than twice the time (docs/performance.md).
 */
export function joinHalves(der: Buffer, half: number): Buffer {
  const joined = Buffer.alloc(2 * half)
  // The length of the SEQUENCE is one byte, or two of which the first says so.
  let at = (der[1] ?? 0) & 0x80 ? 3 : 2
  for (const end of [half, 2 * half]) {
    const length = der[at + 1] ?? 0
    const from = at + 2
    const kept = Math.min(length, half)
    der.copy(joined, end - kept, from + length - kept, from + length)
    at = from + length
  }
  return joined
}
