import { createHash } from 'node:crypto'
import type { Middleware } from 'koa'
import type { PublicJwk } from '../keys/key-set.ts'
import {
  authorizationServerMetadata,
  type MetadataFacts,
  openidConfiguration,
} from '../oauth/metadata.ts'
import { routes } from '../oauth/routes.ts'

/** A document that changes only with the keys: made once, and the same bytes on every replica. */
export interface PublicDocument {
  readonly body: string
  readonly type: string
  readonly etag: string
  readonly cacheControl: string
}

export interface DocumentFacts extends MetadataFacts {
  /** Seconds that a key is published before it signs. */
  readonly publishAhead: number
}

/** What everybody may read, by its path below the issuer. */
export function publicDocuments(facts: DocumentFacts): ReadonlyMap<string, PublicDocument> {
  const cacheControl = caching(facts.publishAhead)
  const contents = {
    [routes.jwks]: jwks(facts.keys.keys.map(({ publicJwk }) => publicJwk)),
    '/.well-known/oauth-authorization-server': authorizationServerMetadata(facts),
    '/.well-known/openid-configuration': openidConfiguration(facts),
  }
  return new Map(
    Object.entries(contents).map(([path, content]) => [path, document(content, cacheControl)]),
  )
}

/** Answers with the document, however it is asked for (http/front.ts takes the usual way). */
export const serve =
  ({ body, type, etag, cacheControl }: PublicDocument): Middleware =>
  async (ctx) => {
    ctx.set('Cache-Control', cacheControl)
    ctx.set('ETag', etag)
    ctx.status = 200
    if (ctx.fresh) {
      ctx.status = 304
      return
    }
    ctx.type = type
    ctx.body = body
  }

/** Seconds that a cache may answer from memory, whatever the schedule. */
const longestMaxAge = 300
/** Seconds more while the cache fetches anew, and while it cannot. */
const stale = { whileRevalidate: 60, ifError: 3600 }

/**
 * RFC 9111 section 5.2.2.1 and RFC 5861. A key is published four times as long before it signs as a cache may keep the
 * set without it, and one that is cut leaves every cache that reaches us within six minutes.
 */
function caching(publishAhead: number): string {
  const maxAge = Math.max(1, Math.min(longestMaxAge, Math.floor(publishAhead / 4)))
  const whileRevalidate = Math.min(stale.whileRevalidate, maxAge)
  return `public, max-age=${maxAge}, stale-while-revalidate=${whileRevalidate}, stale-if-error=${stale.ifError}`
}

/** In the order of the kids, and each with its members in the order of their names. */
const jwks = (keys: readonly PublicJwk[]) => ({
  keys: keys
    .toSorted((one, other) => (one.kid < other.kid ? -1 : 1))
    .map((key) => Object.fromEntries(Object.entries(key).sort())),
})

function document(content: object, cacheControl: string): PublicDocument {
  const body = JSON.stringify(content)
  const etag = `"${createHash('sha256').update(body).digest('base64url').slice(0, 27)}"`
  return { body, type: 'application/json; charset=utf-8', etag, cacheControl }
}
