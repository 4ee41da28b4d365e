import { execFileSync } from 'node:child_process'
import { statSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout as pause } from 'node:timers/promises'
import { type Fault, onSqlite, type Scene } from './fault.ts'

const limitFiles = (scene: Scene, bytes: string) => {
  for (const index of [0, 1])
    execFileSync('prlimit', ['--pid', String(scene.fleet.server(index).pid), `--fsize=${bytes}`])
}

/** What happens to the file. */
export const sqliteFaults: readonly Fault[] = [
  onSqlite('disk full', async (scene) => {
    // Neither the file nor its log can grow beyond what they are now: the same error as a full disk.
    const sizes = [scene.store.file, `${scene.store.file}-wal`].map(
      (file) => statSync(file, { throwIfNoEntry: false })?.size ?? 0,
    )
    limitFiles(scene, `${Math.min(...sizes) + scene.random.below(20_000)}:unlimited`)
    await pause(300 + scene.random.below(1000))
    limitFiles(scene, 'unlimited:unlimited')
  }),
  onSqlite('locked by another process', async ({ store, random }) => {
    const other = new DatabaseSync(store.file, { timeout: 5000 })
    other.exec('BEGIN IMMEDIATE')
    await pause(500 + random.below(2500))
    other.exec('ROLLBACK')
    other.close()
  }),
  onSqlite('checkpointed and vacuumed', async ({ store }) => {
    const other = new DatabaseSync(store.file, { timeout: 5000 })
    other.exec('PRAGMA wal_checkpoint(TRUNCATE)')
    try {
      other.exec('VACUUM')
    } finally {
      other.close()
    }
    await pause(100)
  }),
  onSqlite('emptied', async ({ store, history }) => {
    await history.record(-1, { do: 'empty the store' }, async () => {
      const other = new DatabaseSync(store.file, { timeout: 5000 })
      other.exec('BEGIN IMMEDIATE')
      const tables = other.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").all()
      for (const { name } of tables) other.exec(`DELETE FROM ${name}`)
      other.exec('COMMIT')
      other.close()
      return { is: 'ok' }
    })
    await pause(500)
  }),
]
