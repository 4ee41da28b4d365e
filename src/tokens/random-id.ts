import { randomFillSync } from 'node:crypto'

const pool = Buffer.alloc(4096)
let used = pool.length

/** `bytes` random bytes as base64url, at most 4096. Drawn in bulk: sixteen cost the system as much as thousands. */
export function randomId(bytes: number): string {
  if (used + bytes > pool.length) {
    randomFillSync(pool)
    used = 0
  }
  const id = pool.toString('base64url', used, used + bytes)
  // So that no place of the pool is ever read twice, and none can be read later.
  pool.fill(0, used, used + bytes)
  used += bytes
  return id
}
