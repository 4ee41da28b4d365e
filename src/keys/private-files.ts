import { randomUUID } from 'node:crypto'
import { constants, type Stats } from 'node:fs'
import { chmod, link, mkdir, open, readdir, stat, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { KeyFault } from './key-fault.ts'

/** Bytes: forty keys of any kind. */
const sizeLimit = 262_144
const hasCode = (error: unknown, code: string) =>
  error instanceof Error && 'code' in error && error.code === code

const gone = (folder: string) =>
  new KeyFault(`${folder} does not exist: the server makes it, with its keys, when it starts`)

function refuseForeign(path: string, stats: Stats): void {
  const own = process.geteuid?.()
  if (own !== undefined && stats.uid !== own)
    throw new KeyFault(
      `${path} belongs to user ${stats.uid}, but the server runs as user ${own}: chown ${own} ${path}`,
    )
}

/** Makes the folder, or takes the one that is there for itself: mode 0700. Throws KeyFault when it is another's. */
export async function openPrivateFolder(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const stats = await stat(folder)
  refuseForeign(folder, stats)
  if (stats.mode & 0o022)
    throw new KeyFault(
      `${folder} can be written by others: check that every key in it is yours, then chmod 700 ${folder}`,
    )
  if (stats.mode & 0o055) await chmod(folder, 0o700)
}

/** Names in the folder, sorted. Throws KeyFault when there is no such folder. */
export async function namesIn(folder: string): Promise<string[]> {
  try {
    return (await readdir(folder)).sort()
  } catch (error) {
    if (!hasCode(error, 'ENOENT')) throw error
    throw gone(folder)
  }
}

/** Contents of a file that nobody else can read; undefined when there is none. Throws KeyFault when others can. */
export async function readPrivate(path: string): Promise<string | undefined> {
  // O_NONBLOCK: a FIFO in the place of the file must not hold the server.
  const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK
  const file = await open(path, flags).catch((error: unknown) => {
    if (hasCode(error, 'ENOENT')) return undefined
    if (hasCode(error, 'ELOOP'))
      throw new KeyFault(`${path} is a symbolic link: put the file itself there`)
    if (hasCode(error, 'EACCES'))
      throw new KeyFault(`${path} cannot be read by the server: chown it to the server's user`)
    throw error
  })
  if (!file) return undefined
  try {
    const stats = await file.stat()
    if (!stats.isFile()) throw new KeyFault(`${path} is not a regular file: remove it`)
    refuseForeign(path, stats)
    if (stats.mode & 0o077) {
      const mode = (stats.mode & 0o777).toString(8).padStart(4, '0')
      throw new KeyFault(
        `${path} is open to others (mode ${mode}): if nobody else can have read it, chmod 600 ${path}; otherwise replace the key`,
      )
    }
    if (stats.size > sizeLimit)
      throw new KeyFault(`${path} is larger than any ring of keys (${stats.size} bytes): remove it`)
    return await file.readFile('utf8')
  } finally {
    await file.close()
  }
}

/**
 * Makes the file, whole and on disk, unless there is one already; then false. Of any number of
 * processes exactly one gets true: link(2) never replaces a name.
 */
export async function createPrivate(folder: string, name: string, text: string): Promise<boolean> {
  const temporary = join(folder, `.${name}.${randomUUID()}.new`)
  try {
    const file = await open(temporary, 'wx', 0o600)
    try {
      await file.writeFile(text)
      await file.sync()
    } finally {
      await file.close()
    }
    await link(temporary, join(folder, name))
  } catch (error) {
    if (hasCode(error, 'EEXIST')) return false
    if (hasCode(error, 'ENOENT')) throw gone(folder)
    throw error
  } finally {
    await removePrivate(temporary)
  }
  await syncFolder(folder)
  return true
}

/** Removes the file if it is there. */
export async function removePrivate(path: string): Promise<void> {
  await unlink(path).catch((error: unknown) => {
    if (!hasCode(error, 'ENOENT')) throw error
  })
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, constants.O_RDONLY)
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}
