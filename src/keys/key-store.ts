import { type FSWatcher, watch } from 'node:fs'
import type { Algorithm } from './algorithms.ts'
import type { StoredKey } from './key-file.ts'
import { makeRefreshTokenKey, readRefreshTokenKey } from './key-folder.ts'
import type { KeySet, KeyStore, SigningKey } from './key-set.ts'
import { type Aged, publishAheadByDefault, rotateEveryByDefault } from './lifecycle.ts'
import { openPrivateFolder } from './private-files.ts'
import { rotate } from './rotation.ts'
import { signer } from './signature.ts'

export interface KeyStoreOptions {
  readonly folder: string
  /** Those in use: each gets a key at the first start, and is rotated. Keys of others stay published. */
  readonly algorithms: readonly Algorithm[]
  /** Seconds a key verifies after its successor began to sign: the longest life of a token, and an hour. */
  readonly retention: number
  /** Seconds a key is published before it signs; a day, if left out. */
  readonly publishAhead?: number
  /** Seconds a key signs, 30 days, if left out; 0 = until the operator makes another. */
  readonly rotateEvery?: number
  /** Seconds between two looks at the folder; 10, if left out. */
  readonly lookEvery?: number
  /** Milliseconds since the epoch. */
  readonly clock?: () => number
  /** Told what is wrong with the folder while running; until it is mended the keys stay as they were. */
  readonly onFault?: (fault: unknown) => void
}

/**
 * Opens the folder of the keys, making it and the keys that are missing. Any number of processes may
 * share it. Throws KeyFault when it cannot be trusted.
 */
export async function openKeyStore({
  folder,
  publishAhead = publishAheadByDefault,
  rotateEvery = rotateEveryByDefault,
  lookEvery = 10,
  clock = Date.now,
  onFault = () => {},
  ...rest
}: KeyStoreOptions): Promise<KeyStore> {
  const rotation = { folder, publishAhead, rotateEvery, ...rest }
  const look = async () => {
    const refreshTokenKey = await readRefreshTokenKey(folder)
    return keySet(await rotate(rotation, clock()), refreshTokenKey)
  }

  await openPrivateFolder(folder)
  await makeRefreshTokenKey(folder)
  let current = await look()
  const listeners = new Set<(keys: KeySet) => void>()

  const refresh = oneAtATime(async () => {
    try {
      const found = await look()
      if (sameKeys(current, found)) return
      current = found
      for (const listener of listeners) listener(current)
    } catch (fault) {
      onFault(fault)
    }
  })
  const timer = setInterval(refresh, lookEvery * 1000).unref()
  const watcher = watchFolder(folder, refresh)

  return {
    current: () => current,
    onChange(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    async close() {
      clearInterval(timer)
      watcher?.close()
      listeners.clear()
      await refresh.settled()
    },
  }
}

function keySet(
  aged: readonly Aged<StoredKey>[],
  refreshTokenKey: KeySet['refreshTokenKey'],
): KeySet {
  const keys = aged.flatMap(({ key, state }): SigningKey[] => {
    if (state === 'retired') return []
    const { kid, algorithm, publicJwk, publicKey, privateKey } = key
    const sign = signer(algorithm, privateKey)
    return [Object.freeze({ kid, algorithm, state, publicJwk, publicKey, sign })]
  })
  return Object.freeze({ keys: Object.freeze(keys), refreshTokenKey })
}

function sameKeys(one: KeySet, other: KeySet): boolean {
  const states = ({ keys }: KeySet) => keys.map(({ kid, state }) => `${kid} ${state}`).join()
  return states(one) === states(other) && one.refreshTokenKey.equals(other.refreshTokenKey)
}

/** Calls during a run make one more run after it. */
function oneAtATime(run: () => Promise<void>) {
  let running: Promise<void> | undefined
  let again = false
  const start = () => {
    again = running !== undefined
    running ??= run().finally(() => {
      running = undefined
      if (again) start()
    })
  }
  const settled = async () => {
    while (running) await running
  }
  return Object.assign(start, { settled })
}

/** Tells of a change sooner than the timer would; where folders cannot be watched, the timer has to do. */
function watchFolder(folder: string, changed: () => void): FSWatcher | undefined {
  try {
    return watch(folder, { persistent: false }, changed).on('error', () => {})
  } catch {
    return undefined
  }
}
