import type { Passwords } from '../passwords/index.ts'
import type { Directory } from './directory.ts'

/** Rows: four pages, which a server reads in a tenth of a second. */
const most = 2000
/** Milliseconds: tables grow. */
const interval = 600_000

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

/** Now and every ten minutes. Returns the end of it. */
export function keepSampling(
  users: Directory,
  passwords: Pick<Passwords, 'adopt'>,
  onFailure: (error: Error) => void,
): () => void {
  const sample = () => sampleHashes(users, passwords).catch(onFailure)
  sample()
  const timer = setInterval(sample, interval)
  timer.unref()
  return () => clearInterval(timer)
}

async function* first(rows: AsyncIterable<{ readonly hash: string | undefined }>) {
  let count = 0
  for await (const { hash } of rows) {
    if (hash !== undefined) yield hash
    count += 1
    if (count === most) return
  }
}
