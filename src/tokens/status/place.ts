import { createHash, type KeyObject } from 'node:crypto'
import { listSize, permutation } from './permutation.ts'

/** Where the status of one token stands (draft-ietf-oauth-status-list-21 section 6.2). */
export interface StatusPlace {
  /** `<client part>/<number>`, the end of the list's URI. */
  readonly list: string
  readonly idx: number
}

/** Path of the status lists, below the issuer. */
export const statusListPath = '/status-lists'

export const statusListUri = (issuer: string, list: string): string =>
  `${issuer}${statusListPath}/${list}`

/** A list is of one client, which its URI does not name. */
export const clientPart = (clientId: string): string =>
  createHash('sha256').update(`status lists of ${clientId}`).digest('base64url').slice(0, 16)

/** The serials of a client's tokens (State.allocateStatus) fill one list after the other. */
export const listNumber = (serial: number): number => Math.floor(serial / listSize)

export const listName = (part: string, number: number): string => `${part}/${number}`

/** The place of the token with this serial. */
export function statusPlace(clientId: string, serial: number, secret: KeyObject): StatusPlace {
  const list = listName(clientPart(clientId), listNumber(serial))
  return { list, idx: permutation(list, secret)(serial % listSize) }
}

/** The end of the token's jti: whoever revokes the token by its jti names its place too. */
export const jtiSuffix = ({ list, idx }: StatusPlace): string => `.${list.replace('/', '.')}.${idx}`

/** The place that a jti names; undefined where the token has no status. */
export function placeInJti(jti: string): StatusPlace | undefined {
  const [, part, number, idx] = /\.([\w-]{16})\.(\d{1,12})\.(\d{1,7})$/.exec(jti) ?? []
  if (part === undefined || Number(idx) >= listSize) return undefined
  return { list: listName(part, Number(number)), idx: Number(idx) }
}
