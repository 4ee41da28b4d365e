import type { KeyObject } from 'node:crypto'
import { setImmediate as otherWork } from 'node:timers/promises'
import type { Revocation, State, StatusSpan } from '../../state/state.ts'
import { listSize, permutation } from './permutation.ts'
import { clientPart, listName, listNumber, placeInJti } from './place.ts'

export interface StatusListParts {
  readonly state: Pick<State, 'revocationsAfter' | 'statusesOf'>
  /** Ids of all clients. */
  readonly clients: readonly string[]
  /** Orders the places in a list; the same for every process. */
  readonly secret: KeyObject
  /** Seconds for which the log keeps a revocation: what is ended has expired by then. */
  readonly retention: number
  /**
   * Milliseconds after which an entry of the log is looked at again, longer than a request is given to
   * end what it has logged; 5000 unless given.
   */
  readonly settling?: number
}

export interface StatusBits {
  /** Another one whenever the bits are others. */
  readonly revision: number
  /** The status with idx 0 is the lowest bit of the first byte (section 4.1). */
  readonly bytes: Uint8Array
}

export interface StatusLists {
  /** The bits as the log has them now; undefined for a list without tokens alive. @throws StateUnavailable */
  bits(list: string): Promise<StatusBits | undefined>
  /** The lists with tokens that may be alive. */
  names(): Promise<readonly string[]>
}

interface Marked {
  readonly bytes: Uint8Array
  /** Where the tokens stand, in the order of their issue. */
  readonly place: (position: number) => number
  revision: number
  /** When all that is marked has expired, by performance.now(). */
  until: number
}

/** Entries of the log that are read, and places that are marked, before others have their turn. */
const page = 1000
const stretch = 2 ** 16
const forever = 8.64e15

/**
 * Status lists are the log of revocations, translated into bits: there is no second truth that
 * could lag behind. A token's serial is known before it is issued, and a login is looked at after
 * that (oauth/grants/issue.ts), so what ends a token finds it. On a Cluster alone an entry may be in
 * the log a moment before its family ends, so each is looked at twice.
 */
export function createStatusLists(parts: StatusListParts): StatusLists {
  const { state, clients, secret, retention, settling = 5000 } = parts
  const owners = new Map(clients.map((id) => [clientPart(id), id]))
  const marked = new Map<string, Marked>()
  let revision = 0
  let position = ''
  let settled: { readonly entries: readonly Revocation[]; readonly at: number }[] = []

  const listOf = (name: string): Marked => {
    const known = marked.get(name)
    if (known) return known
    const bytes = new Uint8Array(listSize / 8)
    const list = { bytes, place: permutation(name, secret), revision: 0, until: 0 }
    marked.set(name, list)
    return list
  }

  const mark = (list: Marked, places: Iterable<number>): void => {
    const { bytes } = list
    for (const idx of places) bytes[idx >> 3] = (bytes[idx >> 3] ?? 0) | (1 << (idx & 7))
    list.revision = ++revision
    list.until = performance.now() + retention * 1000
  }

  const markSpan = async ({ clientId, first, last }: StatusSpan): Promise<void> => {
    for (let n = listNumber(first); n <= listNumber(last); n++) {
      const name = listName(clientPart(clientId), n)
      const to = Math.min(last - n * listSize, listSize - 1)
      for (let from = Math.max(first - n * listSize, 0); from <= to; from += stretch) {
        const list = listOf(name)
        mark(list, mapRange(from, Math.min(from + stretch - 1, to), list.place))
        await otherWork()
      }
    }
  }

  const end = async ({ kind, target, at }: Revocation): Promise<void> => {
    // Nothing tells which tokens a key has signed: whoever reads lists knows by the JWK Set (ADR 0009).
    if (kind === 'key') return
    if (kind === 'token') {
      const place = placeInJti(target)
      if (place && owners.has(place.list.split('/')[0] ?? '')) mark(listOf(place.list), [place.idx])
      return
    }
    const ends =
      kind === 'everything'
        ? clients.map((id) => ({ kind: 'client' as const, target: id, at }))
        : [{ kind, target, at }]
    const spans = await Promise.all(ends.map((each) => state.statusesOf(each)))
    for (const span of spans.flat()) await markSpan(wholeLists(span, kind))
  }

  const follow = async (): Promise<void> => {
    const now = performance.now()
    for (const [list, { until }] of marked) if (until < now) marked.delete(list)
    const isDue = ({ at }: { at: number }) => at + settling < now
    for (const { entries } of settled.filter(isDue)) await Promise.all(entries.map(end))
    settled = settled.filter((each) => !isDue(each))
    for (let complete = false; !complete; ) {
      const found = await state.revocationsAfter(position, page)
      if (found.gone) {
        marked.clear()
        position = ''
        continue
      }
      await Promise.all(found.entries.map(end))
      // A token names its place itself: there is nothing to be late.
      const slow = found.entries.filter(({ kind }) => kind !== 'token')
      if (slow.length > 0) settled.push({ entries: slow, at: now })
      position = found.entries.at(-1)?.position ?? position
      complete = found.complete
    }
  }

  /** Whoever asks while somebody is being answered is answered from the log as it is after that. */
  let running: Promise<void> = Promise.resolve()
  let next: Promise<void> | undefined
  const current = (): Promise<void> => {
    next ??= running
      .catch(() => {})
      .then(() => {
        next = undefined
        return follow()
      })
    running = next
    return next
  }

  const alive = async (clientId: string): Promise<readonly number[]> => {
    const spans = await state.statusesOf({ kind: 'client', target: clientId, at: forever })
    return spans.flatMap(({ first, last }) => [
      ...mapRange(listNumber(first), listNumber(last), (n) => n),
    ])
  }

  return {
    async bits(list) {
      const [part = '', number = ''] = list.split('/')
      const owner = owners.get(part)
      if (owner === undefined || !(await alive(owner)).map(String).includes(number))
        return undefined
      await current()
      return marked.get(list) ?? { revision: 0, bytes: new Uint8Array(listSize / 8) }
    },
    async names() {
      const found = await Promise.all(
        [...owners].map(async ([part, id]) => (await alive(id)).map((n) => listName(part, n))),
      )
      return found.flat()
    },
  }
}

/** Of a client whatever its lists hold before the last one that ends: what is forgotten is dead. */
const wholeLists = (span: StatusSpan, kind: Revocation['kind']): StatusSpan =>
  kind === 'client' || kind === 'everything'
    ? { ...span, first: listNumber(span.first) * listSize }
    : span

function* mapRange(from: number, to: number, map: (value: number) => number): Generator<number> {
  for (let value = from; value <= to; value++) yield map(value)
}
