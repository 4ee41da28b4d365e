import { promisify } from 'node:util'
import { inflate } from 'node:zlib'
import type { KeySource } from './jwks.ts'
import { bringsOwnKey, claimsOf, hasType, InvalidJws, isSignedBy, parseJws } from './jws/compact.ts'
import { isObject } from './jws/json.ts'

/** What a list says of its entries (draft-ietf-oauth-status-list-21 section 4). */
export interface StatusList {
  /** 0 for a token that is valid; undefined when the list has no such entry. */
  statusAt(idx: number): number | undefined
  /** Seconds for which it may be kept. */
  readonly ttl: number
  /** Seconds since 1970. */
  readonly exp: number
}

export interface StatusListRules {
  readonly issuer: string
  readonly findKey: KeySource
  readonly algorithms: readonly string[]
  /** Seconds by which clocks may differ. */
  readonly tolerance: number
}

/** Characters of a list as it is sent, and bytes of it when decompressed: 128 KiB are a million tokens. */
export const largestList = { sent: 1024 * 1024, decompressed: 1024 * 1024 } as const

/**
 * Reads the status list token that was fetched from `uri`, as section 8.3 says, and no less strictly
 * than an access token.
 *
 * @throws InvalidJws, UnusableKey, VerificationUnavailable
 */
export async function readStatusList(
  jwt: string,
  uri: string,
  rules: StatusListRules,
): Promise<StatusList> {
  const jws = parseJws(jwt, rules.algorithms, largestList.sent)
  if (!hasType(jws.header, 'statuslist+jwt')) throw new InvalidJws('typ is not statuslist+jwt')
  if (bringsOwnKey(jws.header)) throw new InvalidJws('it brings its own key')
  const key = await rules.findKey(jws.header)
  if (!key || !isSignedBy(key, jws)) throw new InvalidJws('the signature is wrong')
  const { iss, sub, iat, exp, ttl, status_list: list } = claimsOf(jws)
  if (iss !== rules.issuer) throw new InvalidJws('it is from another issuer')
  if (sub !== uri) throw new InvalidJws('it is another list')
  const now = Date.now() / 1000
  if (!isNumber(exp) || exp <= now - rules.tolerance) throw new InvalidJws('it is out of date')
  if (!isNumber(iat) || iat > now + rules.tolerance) throw new InvalidJws('it is from the future')
  if (!isNumber(ttl) || ttl <= 0) throw new InvalidJws('ttl is missing or malformed')
  return { statusAt: await entriesOf(list), ttl, exp }
}

async function entriesOf(list: unknown): Promise<StatusList['statusAt']> {
  const { bits, lst } = isObject(list) ? list : {}
  if (!isNumber(bits) || ![1, 2, 4, 8].includes(bits) || typeof lst !== 'string') {
    throw new InvalidJws('status_list is malformed')
  }
  const bytes = await decompress(Buffer.from(lst, 'base64url'))
  const each = 8 / bits
  return (idx) => {
    const byte = bytes[Math.floor(idx / each)]
    return byte === undefined ? undefined : (byte >> ((idx % each) * bits)) & (2 ** bits - 1)
  }
}

async function decompress(bytes: Buffer): Promise<Buffer> {
  try {
    return await promisify(inflate)(bytes, { maxOutputLength: largestList.decompressed })
  } catch (cause) {
    throw new InvalidJws('lst cannot be decompressed, or is too large', { cause })
  }
}

const isNumber = (value: unknown): value is number => Number.isFinite(value)
