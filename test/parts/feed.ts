import { createHash } from 'node:crypto'
import { createLocalJWKSet, jwtVerify } from 'jose'

export interface FeedClaims {
  readonly after: string
  readonly position: string
  readonly complete: boolean
  readonly retention: number
  readonly iat: number
  readonly exp: number
  readonly entries: readonly (readonly [kind: string, name: string, at: number])[]
}

/** GET /revocations, verified by a library that is not ours. */
export async function readFeed(issuer: string, query = ''): Promise<FeedClaims> {
  const response = await fetch(`${issuer}/revocations${query}`)
  if (response.status !== 200) throw new Error(`${response.status} ${await response.text()}`)
  const keys = await fetch(`${issuer}/.well-known/jwks.json`)
  const { payload } = await jwtVerify(
    await response.text(),
    createLocalJWKSet(JSON.parse(await keys.text())),
    { issuer, typ: 'revocations+jwt' },
  )
  return payload as typeof payload & FeedClaims
}

/** Everything that is kept, over as many pages as it takes. */
export async function readWholeFeed(issuer: string): Promise<FeedClaims['entries']> {
  const entries: FeedClaims['entries'][number][] = []
  for (let query = ''; ; ) {
    const page = await readFeed(issuer, query)
    entries.push(...page.entries)
    if (page.complete) return entries
    query = `?after=${page.position}`
  }
}

export const digestOf = (target: string): string =>
  createHash('sha256').update(target).digest('base64url')

/** A claim of an access token, unverified. */
export function claimIn(token: string, name: string): string {
  const claims = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString())
  return String(claims[name])
}
