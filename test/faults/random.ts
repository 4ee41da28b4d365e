/** Choices that come out the same for the same seed. */
export interface Random {
  /** From 0 up to, and without, 1. */
  next(): number
  /** A whole number below `bound`. */
  below(bound: number): number
  pick<T>(list: readonly [T, ...T[]]): T
  /** Another series, for a part whose choices must not depend on how often others chose. */
  fork(): Random
}

/** Weyl sequence with the finalizer of MurmurHash3: not for secrets. */
export function createRandom(seed: number): Random {
  let state = seed >>> 0
  const word = () => {
    state = (state + 0x9e3779b9) >>> 0
    let mixed = state
    mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b)
    mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35)
    return (mixed ^ (mixed >>> 16)) >>> 0
  }
  const next = () => word() / 2 ** 32
  const below = (bound: number) => Math.floor(next() * bound)
  return {
    next,
    below,
    pick: (list) => list[below(list.length)] ?? list[0],
    fork: () => createRandom(word()),
  }
}
