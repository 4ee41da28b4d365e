import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { conformsToState } from './conformance.ts'

describe('state in SQLite', () =>
  conformsToState(async () => {
    const folder = mkdtempSync(join(tmpdir(), 'latchkey-state-'))
    const file = join(folder, 'state.sqlite')
    return {
      options: { url: `sqlite:${file}` },
      empty: async () => emptied(file),
      close: async () => rmSync(folder, { recursive: true }),
    }
  }))

function emptied(file: string): void {
  const database = new DatabaseSync(file, { timeout: 5000 })
  const tables = database.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").all()
  for (const { name } of tables) database.exec(`DELETE FROM ${name}`)
  database.close()
}
