import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A folder that is removed, with all in it, when the spec's scope ends: `await using`. */
export async function temporaryFolder() {
  const path = await mkdtemp(join(tmpdir(), 'latchkey-'))
  return {
    path,
    [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }),
  }
}
