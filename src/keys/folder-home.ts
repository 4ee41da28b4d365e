import { randomUUID } from 'node:crypto'
import { watch } from 'node:fs'
import { join } from 'node:path'
import {
  createPrivate,
  namesIn,
  openPrivateFolder,
  readPrivate,
  removePrivate,
} from './private-files.ts'
import { trailLength } from './ring.ts'
import { readRing, writeRing } from './ring-document.ts'
import type { RingHome } from './ring-home.ts'

const nameOf = (version: number) => `ring.${version}.json`
const versionIn = (name: string) => Number(/^ring\.([1-9]\d{0,8})\.json$/.exec(name)?.[1] ?? 0)

/**
 * A ring in a folder of one machine: a file whose name is its version. It is made whole by link(2),
 * which never replaces a name, so that of all who saw the same version one makes the next.
 */
export function folderHome(folder: string): RingHome {
  const versions = async () =>
    (await namesIn(folder))
      .map(versionIn)
      .filter((version) => version > 0)
      .sort((one, other) => other - one)

  const read: RingHome['read'] = async () => {
    for (;;) {
      const [newest] = await versions()
      if (newest === undefined) return undefined
      const path = join(folder, nameOf(newest))
      const text = await readPrivate(path)
      // Undefined: a newer one took its place since the folder was listed.
      if (text !== undefined) return readRing(text, path)
    }
  }

  return {
    place: folder,
    exposed: false,
    prepare: () => openPrivateFolder(folder),

    read,

    async replace(expected, ring) {
      const [newest = 0] = await versions()
      if (newest !== expected) return false
      const mark = randomUUID()
      const trail = [mark, ...(ring.trail ?? [])].slice(0, trailLength)
      const text = writeRing({ ...ring, trail })
      if (!(await createPrivate(folder, nameOf(ring.version), text))) return false
      const [now, ...older] = await versions()
      for (const version of older) await removePrivate(join(folder, nameOf(version)))
      // Others have gone past it since: from this very version, or from one that bore its name before.
      return now === ring.version || (await read())?.trail?.includes(mark) === true
    },

    watch(changed) {
      try {
        const watcher = watch(folder, { persistent: false }, changed).on('error', () => {})
        return () => watcher.close()
      } catch {
        // Some file systems cannot be watched; then looking has to do.
        return () => {}
      }
    },
  }
}
