import type { StoredHash } from './format.ts'

const kinds = 32

/** What an unknown user costs: a verification of the most usual kind seen so far. */
export interface Usual {
  saw(hash: StoredHash): void
  hash(): StoredHash
}

/** Starts from `first`, until real hashes have been seen. One hash of each kind is kept, at most 32. */
export function createUsual(first: StoredHash): Usual {
  const counts = new Map<string, { readonly hash: StoredHash; times: number }>()
  let usual = { hash: first, times: 0 }
  return {
    saw(hash) {
      const kind = counts.get(hash.cost) ?? { hash, times: 0 }
      kind.times++
      if (counts.has(hash.cost) || counts.size < kinds) counts.set(hash.cost, kind)
      if (kind.times > usual.times) usual = kind
    },
    hash: () => usual.hash,
  }
}
