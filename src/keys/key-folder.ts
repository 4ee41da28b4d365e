import { createSecretKey, type KeyObject, randomBytes } from 'node:crypto'
import { join } from 'node:path'
import type { Algorithm } from './algorithms.ts'
import { KeyFault } from './key-fault.ts'
import { freshKeyFile, keyFileName, parseKeyFile, type StoredKey, serialOf } from './key-file.ts'
import { createPrivate, namesIn, readPrivate } from './private-files.ts'

const refreshTokenKeyName = 'refresh-token.key'

/** Every key in the folder. Throws KeyFault when one of them, or the folder, cannot be used. */
export async function readKeys(folder: string): Promise<StoredKey[]> {
  const keys: StoredKey[] = []
  for (const name of await namesIn(folder)) {
    const serial = serialOf(name)
    if (serial === undefined) continue
    const path = join(folder, name)
    const text = await readPrivate(path)
    // Undefined: another process removed it, retired, since the folder was listed.
    if (text !== undefined) keys.push(parseKeyFile(path, serial, text))
  }
  refuseDuplicates(keys)
  return keys
}

function refuseDuplicates(keys: readonly StoredKey[]): void {
  const paths = new Map<string, string>()
  for (const { kid, path } of keys) {
    const other = paths.get(kid)
    // RFC 7517 section 4.5: the kids of a set should be distinct.
    if (other) throw new KeyFault(`${other} and ${path} hold the same key: remove one of them`)
    paths.set(kid, path)
  }
}

/**
 * Makes the key after `known`, active at `activeAt` (milliseconds). False when another process has
 * made it: of all that saw the same keys, one gets true.
 */
export async function makeKey(
  folder: string,
  known: readonly StoredKey[],
  algorithm: Algorithm,
  times: { readonly createdAt: number; readonly activeAt: number },
): Promise<boolean> {
  const serials = known.filter((key) => key.algorithm === algorithm).map(({ serial }) => serial)
  const name = keyFileName(algorithm, Math.max(0, ...serials) + 1)
  return createPrivate(folder, name, await freshKeyFile(algorithm, times.createdAt, times.activeAt))
}

/** Makes the key that authenticates refresh tokens, unless there is one. */
export async function makeRefreshTokenKey(folder: string): Promise<void> {
  if ((await readPrivate(join(folder, refreshTokenKeyName))) !== undefined) return
  await createPrivate(folder, refreshTokenKeyName, `${randomBytes(32).toString('base64url')}\n`)
}

/** Throws KeyFault when it is not there: without it no refresh token in the world is good any more. */
export async function readRefreshTokenKey(folder: string): Promise<KeyObject> {
  const path = join(folder, refreshTokenKeyName)
  const text = await readPrivate(path)
  if (text === undefined)
    throw new KeyFault(
      `${path} is gone: put it back from a backup, or restart the server to have a new one made, which ends every login`,
    )
  const bytes = /^[\w-]{43}\n?$/.test(text) ? Buffer.from(text.trim(), 'base64url') : undefined
  if (bytes?.length !== 32)
    throw new KeyFault(
      `${path} is truncated: put it back from a backup, or remove it and restart the server, which ends every login`,
    )
  return createSecretKey(bytes)
}
