import { createHmac, type KeyObject } from 'node:crypto'

const mostKinds = 32
/** Fewer hashes than this say less about a table than the logins do. */
const enough = 100

/** A stored hash, and what it costs. */
export interface Sample {
  readonly stored: string
  readonly cost: string
}

interface Kind extends Sample {
  times: number
}

/** Hashes by what they cost; one of each kind is kept, and at most 32. */
type Kinds = Map<string, Kind>

/** What a user costs who is not there, or whose hash cannot be verified. */
export interface Dummies {
  /** Learns from a verification, as long as nothing better is known. */
  saw(hash: Sample): void
  /** The hashes that the table holds: from now on these are what is known, unless they are too few. */
  adopt(hashes: AsyncIterable<Sample>): Promise<void>
  /** The stored hash that such a user has. The same name always has the same, on every instance with this key. */
  of(name: string): string
}

/**
 * Names that nobody has cost what the users' hashes cost, in the same proportion: where some users
 * have bcrypt and some argon2id, one time for all unknown names would tell who of them is there,
 * and so would a time that changes. Starts from `first`, until real hashes have been seen.
 */
export function createDummies(first: string, key: KeyObject): Dummies {
  let seen: Kinds = new Map()
  let adopted = false
  return {
    saw(hash) {
      if (!adopted) count(seen, hash)
    },
    async adopt(hashes) {
      const held: Kinds = new Map()
      let rows = 0
      for await (const hash of hashes) {
        count(held, hash)
        rows += 1
      }
      if (rows < enough) return
      seen = held
      adopted = true
    },
    of: (name) => pick(seen, share(name, key)) ?? first,
  }
}

function count(kinds: Kinds, { stored, cost }: Sample): void {
  const known = kinds.get(cost)
  if (known) known.times += 1
  else if (kinds.size < mostKinds) kinds.set(cost, { stored, cost, times: 1 })
}

/** In the order of their costs, which is the same everywhere, each kind has a stretch as long as its share. */
function pick(kinds: Kinds, at: number): string | undefined {
  const inOrder = [...kinds.values()].sort((a, b) => (a.cost < b.cost ? -1 : 1))
  let left = at * inOrder.reduce((sum, { times }) => sum + times, 0)
  return inOrder.find(({ times }) => {
    left -= times
    return left < 0
  })?.stored
}

/** A number from 0 to 1, without 1, that nobody without the key can know. */
const share = (name: string, key: KeyObject): number =>
  createHmac('sha256', key).update(`latchkey unknown user ${name}`).digest().readUIntBE(0, 6) /
  2 ** 48
