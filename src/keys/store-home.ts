import { readRing, writeRing } from './ring-document.ts'
import type { RingHome } from './ring-home.ts'

/** What of the state the ring needs. */
export interface RingRecords {
  keyRing(): Promise<{ readonly version: number; readonly text: string } | undefined>
  replaceKeyRing(
    expected: number,
    ring: { readonly version: number; readonly text: string },
  ): Promise<boolean>
}

const place = 'the ring of keys in the shared store'

/** A ring in the store that several machines share. */
export const storeHome = (records: RingRecords): RingHome => ({
  place,
  exposed: true,
  prepare: async () => {},
  async read() {
    const record = await records.keyRing()
    return record && readRing(record.text, place)
  },
  replace: (expected, ring) =>
    records.replaceKeyRing(expected, { version: ring.version, text: writeRing(ring) }),
  watch: () => () => {},
})
