import type { KeyObject } from 'node:crypto'
import {
  type CryptoKey,
  createLocalJWKSet,
  createRemoteJWKSet,
  customFetch,
  errors,
  type JSONWebKeySet,
} from 'jose'
import { VerificationUnavailable } from './bearer.ts'
import { fetchLimits, jsonFetcher } from './fetch-json.ts'
import type { JwsHeader } from './jws/compact.ts'

/**
 * Finds the public key for a header, or undefined when there is none. It goes by `kid` and `alg` alone: `jwk`, `jku`,
 * `x5u` and `x5c` of a token are no trust anchors (RFC 8725 section 3.10).
 *
 * @throws VerificationUnavailable when the keys cannot be had now
 */
export type KeySource = (
  header: JwsHeader,
) => KeyObject | CryptoKey | undefined | Promise<KeyObject | CryptoKey | undefined>

/** Seconds. */
export interface JwksTiming {
  /** After which keys are fetched again; 300 unless given. */
  readonly maxAge?: number
  /** In which tokens with unknown keys cause no more than one fetch; 30 unless given. */
  readonly cooldown?: number
  /** For which the last keys serve while they cannot be fetched; 3600 unless given. */
  readonly maxStale?: number
}

/** Where keys are; at the `jwks_uri` of the issuer's metadata (RFC 8414), where nothing is said. */
export type KeyOption = URL | string | JSONWebKeySet | KeySource

export function keySource(options: {
  readonly issuer: string
  readonly jwks?: KeyOption | undefined
  readonly jwksTiming?: JwksTiming | undefined
}): KeySource {
  const { issuer, jwks, jwksTiming } = options
  if (jwks === undefined) return discoveredKeys(issuer, jwksTiming)
  if (typeof jwks === 'function') return jwks
  if (typeof jwks === 'string' || jwks instanceof URL) return remoteKeys(new URL(jwks), jwksTiming)
  return localKeys(jwks)
}

/** Keys at hand. A set with two keys for one header is ambiguous, so neither is taken. */
export function localKeys(jwks: JSONWebKeySet): KeySource {
  const find = createLocalJWKSet(jwks)
  return (header) => find(header).catch(unlessNoKey)
}

/** Keys at a URL, fetched at first use and when a token names a key that is not there yet. */
export function remoteKeys(url: URL, timing: JwksTiming = {}): KeySource {
  const { maxAge = 300, cooldown = 30, maxStale = 3600 } = timing
  const fetchKeys = jsonFetcher(url)
  let last: { readonly body: string; readonly at: number } | undefined
  let failedAt: number | undefined
  const expired = () => !last || performance.now() - last.at > maxStale * 1000
  const find = createRemoteJWKSet(url, {
    cacheMaxAge: maxAge * 1000,
    cooldownDuration: cooldown * 1000,
    [customFetch]: async () => {
      try {
        const set = await fetchKeys()
        if (!Array.isArray(set.keys)) throw new VerificationUnavailable('the JWK Set has no keys')
        last = { body: JSON.stringify(set), at: performance.now() }
        failedAt = undefined
      } catch (error) {
        failedAt = performance.now()
        if (expired()) throw error
      }
      return new Response(last?.body)
    },
  })
  return async (header) => {
    const key = await find(header).catch(unlessNoKey)
    if (failedAt === undefined) return key
    // jose takes the last keys for fresh ones, and would leave it at them for another `maxAge`, or `cooldown`.
    const paused = performance.now() - failedAt < fetchLimits.pause
    const fetched = paused ? undefined : find.reload().catch(unlessNoKey)
    if (key && !expired()) {
      fetched?.catch(() => {})
      return key
    }
    await fetched
    // The key may be one that was published during the outage.
    if (failedAt !== undefined) throw new VerificationUnavailable('the keys are out of date')
    return find(header).catch(unlessNoKey)
  }
}

/** Keys at the `jwks_uri` of the issuer's metadata (RFC 8414), which is fetched at first use. */
export function discoveredKeys(issuer: string, timing?: JwksTiming): KeySource {
  const fetchMetadata = jsonFetcher(metadataUrl(issuer))
  let keys: Promise<KeySource> | undefined
  const discover = async () => {
    const metadata = await fetchMetadata()
    // RFC 8414 section 3.3: identical, byte for byte.
    if (metadata.issuer !== issuer) {
      throw new VerificationUnavailable('the metadata belong to another issuer')
    }
    return remoteKeys(jwksUri(issuer, metadata.jwks_uri), timing)
  }
  return async (header) => {
    keys ??= discover().catch((error) => {
      keys = undefined
      throw error
    })
    return (await keys)(header)
  }
}

/** RFC 8414 section 3.1: the well-known part goes between host and path. */
function metadataUrl(issuer: string): URL {
  const url = new URL(issuer)
  url.pathname = `/.well-known/oauth-authorization-server${url.pathname.replace(/\/$/, '')}`
  return url
}

// RFC 8414 section 2: https. Plain http only where the issuer itself is configured so, on loopback.
function jwksUri(issuer: string, value: unknown): URL {
  const url = typeof value === 'string' && URL.canParse(value) ? new URL(value) : undefined
  if (url?.protocol === 'https:' || (url?.protocol === 'http:' && issuer.startsWith('http:'))) {
    return url
  }
  throw new VerificationUnavailable('the metadata have no usable jwks_uri')
}

/** No key, or a key that cannot be imported, is undefined; a set that cannot be read is an outage. */
function unlessNoKey(error: unknown): undefined {
  if (error instanceof VerificationUnavailable) throw error
  if (error instanceof errors.JWKSInvalid) {
    throw new VerificationUnavailable('the JWK Set is malformed', { cause: error })
  }
  return undefined
}
