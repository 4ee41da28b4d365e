import { randomUUID } from 'node:crypto'
import type { ServedRing } from './lifecycle.ts'
import type { Ring } from './ring.ts'

/** The time, in milliseconds since the epoch, and what every live instance said. */
export interface Roll {
  readonly now: number
  readonly instances: readonly ServedRing[]
}

/** What of the state the instances tell one another by. */
export interface RollRecords {
  reportKeys(
    report: {
      readonly instance: string
      readonly ring: string
      readonly version: number
      readonly signed: Readonly<Record<string, number>>
    },
    ttl: number,
  ): Promise<void>
  keyReports(kids: readonly string[]): Promise<Roll>
}

/** Seconds for which an instance counts as live after its last word, and between two. */
const [life, every] = [30, 10]

/** The part of one instance in telling which ring it serves, and what its keys have signed. */
export function rollCall(records: RollRecords, elapsed: () => number = () => performance.now()) {
  const instance = randomUUID()
  let unsaid = new Map<string, number>()
  let said: { readonly words: string; readonly at: number } | undefined

  const say = async ({ id, version }: Ring, ttl: number): Promise<void> => {
    const signed = unsaid
    unsaid = new Map()
    const report = { instance, ring: id, version, signed: Object.fromEntries(signed) }
    await records.reportKeys(report, ttl).catch((error: unknown) => {
      for (const [kid, count] of signed) unsaid.set(kid, (unsaid.get(kid) ?? 0) + count)
      throw error
    })
  }

  return {
    count(kid: string): void {
      unsaid.set(kid, (unsaid.get(kid) ?? 0) + 1)
    },

    /** Acknowledges the ring, where nobody knows that this instance serves it. @throws StateUnavailable */
    async acknowledge(ring: Ring): Promise<void> {
      const words = `${ring.id} ${ring.version}`
      if (said?.words === words && elapsed() - said.at < every * 1000) return
      said = undefined
      await say(ring, life)
      said = { words, at: elapsed() }
    },

    /** Waits for no acknowledgement of this instance any more. @throws StateUnavailable */
    leave: (ring: Ring): Promise<void> => say(ring, 0),
    others: (): Promise<Roll> => records.keyReports([]),
  }
}
