import type { Inspection, Passwords } from '../../passwords/index.ts'

/** Rows whose hashes cost the same. */
export interface Kind {
  readonly format: string
  readonly cost: string
  readonly weakness?: string
  readonly replacement?: string
  /** One of the hashes, to measure by; never to be printed. */
  readonly sample: string
  rows: number
}

/** Rows that cannot be verified, for one reason. */
export interface Unverifiable {
  readonly format: string | undefined
  readonly reason: string
  /** Whether it asks for more than the caps allow. */
  readonly excessive: boolean
  /** The first of them. */
  readonly ids: string[]
  rows: number
}

export interface Census {
  rows: number
  /** Nobody can log in by a password here: it is empty, or marked unusable. */
  withoutPassword: number
  readonly kinds: readonly Kind[]
  readonly unverifiable: readonly Unverifiable[]
  /** Rows of kinds beyond the first thousand: a table does not get more memory by having many. */
  uncounted: number
}

const mostKinds = 1000

/** Counts the hashes of a table in bounded memory; nothing is verified. */
export async function takeCensus(
  hashes: AsyncIterable<{ readonly id: string; readonly hash: string | undefined }>,
  inspect: Passwords['inspect'],
  mostIds: number,
  onRow: (rows: number) => void,
): Promise<Census> {
  const kinds = new Map<string, Kind>()
  const unverifiable = new Map<string, Unverifiable>()
  const totals = { rows: 0, withoutPassword: 0, uncounted: 0 }

  function count(id: string, hash: string): void {
    const found = inspect(hash)
    const key = keyOf(found)
    const group = 'fault' in found ? unverifiable : kinds
    if (!group.has(key) && group.size >= mostKinds) {
      totals.uncounted += 1
      return
    }
    if ('fault' in found) {
      const { format, fault: reason, excessive } = found
      const known = unverifiable.get(key) ?? { format, reason, excessive, ids: [], rows: 0 }
      known.rows += 1
      if (known.ids.length < mostIds) known.ids.push(id)
      unverifiable.set(key, known)
      return
    }
    const { format = 'unknown' } = found
    const known = kinds.get(key) ?? { ...found, format, sample: hash, rows: 0 }
    known.rows += 1
    kinds.set(key, known)
  }

  for await (const { id, hash } of hashes) {
    totals.rows += 1
    if (hash === undefined) totals.withoutPassword += 1
    else count(id, hash)
    onRow(totals.rows)
  }
  const byRows = (a: { rows: number }, b: { rows: number }) => b.rows - a.rows
  return {
    ...totals,
    kinds: [...kinds.values()].sort(byRows),
    unverifiable: [...unverifiable.values()].sort(byRows),
  }
}

const keyOf = (found: Inspection): string =>
  JSON.stringify(
    'fault' in found ? [found.format, found.fault] : [found.format, found.cost, found.replacement],
  )
