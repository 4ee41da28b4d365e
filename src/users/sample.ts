import type { Passwords } from '../passwords/index.ts'
import type { Directory } from './directory.ts'

/** Rows: four pages, which a server reads in a tenth of a second. */
const most = 2000

/**
 * Shows `passwords` what hashes the directory holds, by its first rows, so that a login under an
 * unknown name costs what one of its users costs. Throws DirectoryUnavailable.
 */
export async function sampleHashes(
  users: Directory,
  passwords: Pick<Passwords, 'adopt'>,
): Promise<void> {
  const rows = users.scan?.()
  if (rows) await passwords.adopt(first(rows))
}

async function* first(rows: AsyncIterable<{ readonly hash: string | undefined }>) {
  let count = 0
  for await (const { hash } of rows) {
    if (hash !== undefined) yield hash
    count += 1
    if (count === most) return
  }
}
