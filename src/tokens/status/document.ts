import { hash } from 'node:crypto'
import { promisify } from 'node:util'
import { deflate, gzip } from 'node:zlib'
import type { Algorithm } from '../../keys/algorithms.ts'
import { signingKey } from '../../keys/current.ts'
import type { KeySet } from '../../keys/key-set.ts'
import type { StatusLists } from './lists.ts'
import { statusListUri } from './place.ts'

/** Seconds for which a list may be kept by whoever got it, and after which it is no answer. */
export const statusListTimes = { ttl: 5, validity: 60 } as const

/** A status list token (draft-ietf-oauth-status-list-21 section 5.1), plain and compressed for the way. */
export interface StatusListToken {
  readonly jwt: string
  readonly gzipped: Buffer
  /** Digest of the token. */
  readonly tag: string
}

export interface StatusListTokens {
  /** Undefined for a list that is not held. @throws StateUnavailable */
  read(list: string): Promise<StatusListToken | undefined>
  /** URIs of the lists that are held. */
  uris(): Promise<readonly string[]>
}

export interface StatusListTokenParts {
  readonly issuer: string
  readonly keys: KeySet
  readonly algorithm: Algorithm
  readonly lists: StatusLists
}

interface Kept {
  readonly revision: number
  readonly at: number
  readonly token: Promise<StatusListToken>
}

/** Each list is compressed and signed once in a `ttl`, or when its bits are others, however many ask for it. */
export function createStatusListTokens(parts: StatusListTokenParts): StatusListTokens {
  const { issuer, keys, algorithm, lists } = parts
  const kept = new Map<string, Kept>()
  const uri = (list: string) => statusListUri(issuer, list)

  const sign = async (list: string, bytes: Uint8Array): Promise<StatusListToken> => {
    const key = signingKey(keys, algorithm)
    const lst = await compressStatuses(bytes)
    const iat = Math.floor(Date.now() / 1000)
    const { ttl, validity } = statusListTimes
    const input = [
      { alg: key.algorithm, kid: key.kid, typ: 'statuslist+jwt' },
      {
        iss: issuer,
        sub: uri(list),
        iat,
        exp: iat + validity,
        ttl,
        status_list: { bits: 1, lst },
      },
    ]
      .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
      .join('.')
    const signature = await key.sign(Buffer.from(input))
    const jwt = `${input}.${signature.toString('base64url')}`
    return { jwt, gzipped: await promisify(gzip)(jwt), tag: hash('sha256', jwt, 'base64url') }
  }

  return {
    async read(list) {
      const bits = await lists.bits(list)
      if (bits === undefined) {
        kept.delete(list)
        return undefined
      }
      const { revision, bytes } = bits
      const now = performance.now()
      const last = kept.get(list)
      if (last?.revision === revision && now - last.at < statusListTimes.ttl * 1000) {
        return last.token
      }
      const token = sign(list, bytes)
      kept.set(list, { revision, at: now, token })
      token.catch(() => kept.delete(list))
      return token
    },
    uris: async () => (await lists.names()).map(uri),
  }
}

/** `lst`: ZLIB with the best compression (section 4.1), in libuv's pool, of the bits as they are now. */
export async function compressStatuses(bytes: Uint8Array): Promise<string> {
  return (await promisify(deflate)(bytes.slice(), { level: 9 })).toString('base64url')
}
