import { inflateSync } from 'node:zlib'
import { createLocalJWKSet, type JSONWebKeySet, jwtVerify } from 'jose'
import { readJwks } from './documents.ts'
import { decodeJws } from './server-key.ts'

export interface StatusReference {
  readonly idx: number
  readonly uri: string
}

/** The claim `status` of an access token. */
export function statusIn(token: string): StatusReference {
  const { status } = decodeJws(token).claims as {
    status: { status_list: StatusReference }
  }
  return status.status_list
}

export interface StatusListClaims {
  readonly sub: string
  readonly iat: number
  readonly exp: number
  readonly ttl: number
  readonly status_list: { readonly bits: number; readonly lst: string }
}

/** A status list from `origin`, verified by a library that is not ours. */
export async function readStatusList(uri: string, origin = new URL(uri).origin) {
  const response = await fetch(uri.replace(new URL(uri).origin, origin))
  const jwt = await response.text()
  if (response.status !== 200) throw new Error(`${response.status} ${jwt}`)
  const jwks: JSONWebKeySet = await readJwks(origin)
  const { payload } = await jwtVerify(jwt, createLocalJWKSet(jwks), { typ: 'statuslist+jwt' })
  const claims = payload as typeof payload & StatusListClaims
  return { claims, bytes: inflateSync(Buffer.from(claims.status_list.lst, 'base64url')), jwt }
}

/** 0 VALID, 1 INVALID (section 7.1), as `origin` says. */
export async function statusOf(token: string, origin?: string): Promise<number> {
  const { idx, uri } = statusIn(token)
  const { bytes } = await readStatusList(uri, origin)
  return ((bytes[idx >> 3] ?? 0) >> (idx & 7)) & 1
}
