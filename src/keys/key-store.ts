import { acknowledgements } from './acknowledgements.ts'
import { signingKey } from './current.ts'
import { KeyFault } from './key-fault.ts'
import type { KeySet, SigningKey } from './key-set.ts'
import { dueStep, plan, type Schedule, type Step } from './lifecycle.ts'
import { oneAtATime } from './one-at-a-time.ts'
import { reduced, ringOpener } from './opened-ring.ts'
import type { Ring } from './ring.ts'
import { changesBetween, type KeyEvent } from './ring-changes.ts'
import { changeRing, type RingHome } from './ring-home.ts'
import { type RollRecords, rollCall } from './roll-call.ts'
import { applied, completed } from './steps.ts'
import type { Vault } from './vault.ts'

export interface KeyStoreOptions {
  readonly home: RingHome
  readonly vault: Vault
  readonly records: RollRecords
  readonly schedule: Schedule
  /** Seconds between two looks at the ring; 2, if left out. */
  readonly lookEvery?: number
  /** Milliseconds by a clock that nobody sets. */
  readonly elapsed?: () => number
  /** Told what is wrong with the ring while running; until it is mended, what is left of the keys serves. */
  readonly onFault?: (fault: unknown) => void
  /** Told what happened to a key, whoever did it. */
  readonly onEvent?: (event: KeyEvent) => void
  /** Told of each token. */
  readonly onToken?: (kid: string) => void
}

/** The keys of this process: the ring as it is taken up, and kept up with. */
export interface KeyStore {
  current(): KeySet
  /** For metrics: the keys, and the seconds until the ring changes again. */
  readonly load: () => {
    readonly keys: readonly Pick<SigningKey, 'state' | 'algorithm'>[]
    readonly nextStepIn: number | undefined
  }
  /** Throws KeyUnavailable while an algorithm in use has no key that can sign. */
  check(): void
  /** Called after each change; the ring is acknowledged when it resolves. Returns the unsubscription. */
  onChange(listener: (keys: KeySet) => void | Promise<void>): () => void
  close(): Promise<void>
}

/**
 * Opens the ring, making it and the keys that are missing, and takes its steps when they are due. Any
 * number of processes may share it. Throws KeyFault when it cannot be trusted.
 */
export async function openKeyStore(options: KeyStoreOptions): Promise<KeyStore> {
  const { home, vault, schedule, records, lookEvery = 2 } = options
  const { onFault = () => {}, onEvent = () => {}, onToken = () => {} } = options
  const elapsed = options.elapsed ?? (() => performance.now())
  if (home.exposed && !vault.seals) throw new KeyFault(unsealed)

  const roll = rollCall(records, elapsed)
  const opener = ringOpener(vault, (kid) => {
    roll.count(kid)
    onToken(kid)
  })
  const agreed = acknowledgements(elapsed)

  await home.prepare()
  // The first keys need no clock that all agree on: nobody has to know them before they sign.
  const { now } = await roll.others().catch(() => ({ now: Date.now() }))
  let ring = await changeRing(home, (found) => completed(found, { vault, schedule, now }))
  let keys = await opener.open(ring)

  const listeners = new Set<(keys: KeySet) => void | Promise<void>>()
  const serve = async (found: KeySet) => {
    keys = found
    for (const listener of listeners) await listener(keys)
  }

  /** Another ring, or another version of it, takes the place of the one that is served. */
  const takeUp = async (found: Ring): Promise<void> => {
    try {
      await serve(await opener.open(found))
    } catch (fault) {
      const left = reduced(keys, found)
      if (left !== keys) await serve(left)
      throw fault
    }
    for (const event of changesBetween(ring, found)) onEvent(event)
    ring = found
  }

  const step = async (due: Step, at: number): Promise<void> => {
    const changed = await applied(ring, due, { vault, schedule, now: at })
    if (await home.replace(ring.version, changed)) await takeUp(changed)
  }

  /** Serves the ring as it is kept now; where it was lost, keeps what is served. */
  const catchUp = async (): Promise<void> => {
    const found = await home.read()
    if (found === undefined || (found.id === ring.id && found.version < ring.version)) {
      // None, or an older copy: a key that was cut must not come back.
      await home.replace(found?.version ?? 0, { ...ring, version: ring.version + 1 })
    } else if (found.id !== ring.id || found.version !== ring.version) await takeUp(found)
  }

  const look = async (): Promise<void> => {
    const spoiled = await catchUp().then(
      () => undefined,
      (fault: unknown) => ({ fault }),
    )
    // Who serves an old ring says so, too: nothing is promoted then. And a store that cannot be asked
    // holds every step back, and no signature.
    const others = await roll
      .acknowledge(ring)
      .then(roll.others)
      .catch(() => undefined)
    if (spoiled) throw spoiled.fault
    if (!others) return
    agreed.note(ring, others.instances)
    const due = dueStep(ring, { now: others.now, settled: agreed.settled }, schedule)
    if (due) await step(due, others.now)
  }

  let told = ''
  const refresh = oneAtATime(async () => {
    try {
      await look()
      told = ''
    } catch (fault) {
      if (told !== String(fault)) onFault(fault)
      told = String(fault)
    }
  })
  const timer = setInterval(refresh, lookEvery * 1000).unref()
  const unwatch = home.watch(refresh)
  refresh()

  return {
    current: () => keys,
    load() {
      const [next] = plan(ring, schedule)
      return { keys: keys.keys, nextStepIn: next && (next.at - Date.now()) / 1000 }
    },
    check() {
      for (const algorithm of schedule.algorithms) signingKey(keys, algorithm)
    },
    onChange(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    async close() {
      clearInterval(timer)
      unwatch()
      listeners.clear()
      await refresh.settled()
      await roll.leave(ring).catch(() => {})
    },
  }
}

const unsealed =
  'keys in the shared store are seen by whoever sees the store, so they must be sealed: set keys.seal, or keep them in a folder (keys.folder)'
