/**
 * Which of the 16384 slots of a Redis Cluster a key is in: CRC-16/XMODEM of its hash tag, or of all
 * of it where it has none (Redis Cluster specification, key distribution model).
 */
export function slotOf(key: string): number {
  const tag = /^[^{]*\{([^}]+)\}/.exec(key)?.[1] ?? key
  let crc = 0
  for (const byte of Buffer.from(tag)) {
    crc ^= byte << 8
    for (let bit = 0; bit < 8; bit++) crc = (crc << 1) ^ (crc & 0x8000 ? 0x1021 : 0)
    crc &= 0xffff
  }
  return crc % 16_384
}
