import { join } from 'node:path'
import { homeOf } from '../../src/keys/home.ts'
import type { KeySet } from '../../src/keys/key-set.ts'
import { type KeyStoreOptions, openKeyStore } from '../../src/keys/key-store.ts'
import type { RingHome } from '../../src/keys/ring-home.ts'
import type { RollRecords } from '../../src/keys/roll-call.ts'
import { createVault } from '../../src/keys/vault.ts'
import { openState, type StateOptions } from '../../src/state/index.ts'
import type { State } from '../../src/state/state.ts'
import { temporaryFolder } from './temporary-folder.ts'
import { until } from './until.ts'

export const [hour, day] = [3_600_000, 86_400_000]

/** A month, a day ahead; 65 minutes for the last token to die. */
export const schedule = {
  algorithms: ['ES256'],
  retention: 3900,
  publishAhead: 86_400,
  rotateEvery: 30 * 86_400,
} as const

/** A clock that is told the time, and so counts no wall's. */
export function toldClock(start = Date.parse('2026-01-01T00:00:00Z')) {
  let passed = 0
  return {
    now: () => start + passed,
    elapsed: () => passed,
    pass(milliseconds: number) {
      passed += milliseconds
    },
  }
}
export type ToldClock = ReturnType<typeof toldClock>

/** A ring that is sealed, in the eyes of who asks only that: for rings in the shared store. */
export const seals = () => ({ ...createVault(), seals: true })

/** The home of a ring and a store of servers' words, both real, and the servers opened on them. */
export async function ringScene(options: { url?: string; inStore?: boolean } = {}) {
  const folder = await temporaryFolder()
  const stateOptions: StateOptions = {
    url: options.url ?? `sqlite:${join(folder.path, 's.sqlite')}`,
  }
  const state = await openState(stateOptions)
  const keys = join(folder.path, 'keys')
  const home: RingHome = homeOf(options.inStore ? undefined : keys, state)
  const closing: (() => Promise<void>)[] = []
  let looks = 0

  return {
    /** Resolves when servers have looked at the ring several times more. */
    async looked() {
      const before = looks
      await until(
        () => looks,
        (count) => count > before + 8,
      )
    },
    folder: keys,
    state,
    home,
    ring: async () => {
      const ring = await home.read()
      if (!ring) throw new Error('there is no ring')
      return ring
    },
    /** A server that looks when it is told to, or every 20 ms of real time. */
    async open(
      clock: ToldClock,
      { records = timed(state, clock.now), ...given }: Partial<KeyStoreOptions> = {},
    ) {
      const store = await openKeyStore({
        home,
        vault: options.inStore ? seals() : createVault(),
        records: counted(records, () => {
          looks += 1
        }),
        schedule,
        elapsed: clock.elapsed,
        lookEvery: 0.02,
        ...given,
      })
      closing.push(() => store.close())
      return store
    },
    async [Symbol.asyncDispose]() {
      for (const close of closing.reverse()) await close()
      await state.close()
      await folder[Symbol.asyncDispose]()
    },
  }
}

const counted = (records: RollRecords, onLook: () => void): RollRecords => ({
  ...records,
  keyReports(kids) {
    onLook()
    return records.keyReports(kids)
  },
})

/** A real store, at another time of day. */
export const timed = (state: State, now: () => number): State => ({
  ...state,
  keyReports: async (kids) => ({ ...(await state.keyReports(kids)), now: now() }),
})

/** `current`, `next current` and so on, in the order of the ring. */
export const states = ({ keys }: Pick<KeySet, 'keys'>) => keys.map(({ state }) => state).join(' ')
