import type { Algorithm } from './algorithms.ts'
import type { StoredKey } from './key-file.ts'
import { makeKey, readKeys } from './key-folder.ts'
import { type Aged, age, dueAt, type Schedule } from './lifecycle.ts'
import { removePrivate } from './private-files.ts'

/** A retired key's file is kept this long (milliseconds), in case it was a wrong clock that retired it. */
const removalDelay = 86_400_000

export interface Rotation extends Schedule {
  readonly folder: string
  readonly algorithms: readonly Algorithm[]
}

/**
 * The keys of the folder as they are at `now` (milliseconds), after those that are due were made and
 * those long retired were removed. Throws KeyFault.
 */
export async function rotate(rotation: Rotation, now: number): Promise<Aged<StoredKey>[]> {
  const { folder, algorithms, retention } = rotation
  const keys = await readKeys(folder)
  const aged = age(keys, now, retention)
  const changes = await Promise.all([
    ...algorithms.map(async (algorithm) => {
      const own = aged.filter(({ key }) => key.algorithm === algorithm)
      const activeAt = dueAt(own, now, rotation)
      if (activeAt === undefined) return false
      await makeKey(folder, keys, algorithm, { createdAt: now, activeAt })
      return true
    }),
    ...aged.map(async ({ key, state, retiresAt = now }) => {
      if (state !== 'retired' || retiresAt + removalDelay > now) return false
      await removePrivate(key.path)
      return true
    }),
  ])
  return changes.includes(true) ? age(await readKeys(folder), now, retention) : aged
}

/**
 * Makes one more key of the algorithm, whatever the schedule says. It signs once it was published for
 * `publishAhead` seconds; the very first signs at once. Throws KeyFault.
 */
export async function generateKey(
  folder: string,
  algorithm: Algorithm,
  { now, publishAhead }: { readonly now: number; readonly publishAhead: number },
): Promise<void> {
  for (;;) {
    const keys = await readKeys(folder)
    const first = !keys.some((key) => key.algorithm === algorithm)
    const activeAt = first ? now : now + publishAhead * 1000
    if (await makeKey(folder, keys, algorithm, { createdAt: now, activeAt })) return
  }
}
