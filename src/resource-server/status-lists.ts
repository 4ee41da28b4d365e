import { VerificationUnavailable } from './bearer.ts'
import type { AccessTokenClaims } from './claims.ts'
import { fetchText } from './fetch-json.ts'
import { type JwksTiming, type KeyOption, keySource } from './jwks.ts'
import { assertSupported, defaultAlgorithms } from './jws/algorithms.ts'
import { isObject } from './jws/json.ts'
import { largestList, readStatusList, type StatusList } from './status-list.ts'

export interface StatusOptions {
  /** The `iss` of the tokens, byte for byte. Lists elsewhere than below it are not asked for. */
  readonly issuer: string
  /** As for createVerifier. */
  readonly jwks?: KeyOption
  readonly jwksTiming?: JwksTiming
  readonly algorithms?: readonly string[]
  /** Seconds by which clocks may differ; 5 unless given. */
  readonly clockTolerance?: number
  /** Seconds for which a list serves while it cannot be had anew; 15 unless given. */
  readonly staleness?: number
  /** What becomes of tokens not known to be revoked when no list is recent enough: 503, or taken at their word. */
  readonly onStale?: 'refuse' | 'accept'
  readonly fetch?: typeof fetch
}

export interface StatusFollower {
  /**
   * For `createVerifier({ isRevoked })`. A token without a status, or with a place that is not in the
   * list, cannot be told from a revoked one.
   * @throws VerificationUnavailable when there is no list that is recent enough, and `onStale` is 'refuse'
   */
  readonly isRevoked: (claims: AccessTokenClaims) => Promise<boolean>
}

interface Kept {
  /** When it was asked for, by performance.now(). */
  readonly at: number
  readonly list: StatusList
}

/** Lists that are kept; a client of the issuer has one, or few. */
const mostLists = 100
/** Milliseconds in which a failure is repeated without another request. */
const pause = 1000

/**
 * Looks tokens up in the status list that they name (draft-ietf-oauth-status-list-21). A list is
 * fetched when the first of its tokens comes, and again when its `ttl` is over.
 *
 * @throws TypeError when an option makes no sense
 */
export function followStatusLists(options: StatusOptions): StatusFollower {
  const { issuer, algorithms = defaultAlgorithms, clockTolerance: tolerance = 5 } = options
  const { staleness = 15, onStale = 'refuse' } = options
  assertSupported(algorithms)
  if (!(staleness >= 1)) throw new TypeError('staleness is 1 second or more')
  const rules = { issuer, algorithms, tolerance, findKey: keySource(options) }
  const kept = new Map<string, Kept>()
  const asked = new Map<string, Promise<Kept>>()

  const fetchList = async (uri: string): Promise<Kept> => {
    const at = performance.now()
    const jwt = await fetchText(new URL(uri), {
      timeout: 5000,
      size: largestList.sent,
      accept: 'application/statuslist+jwt',
      ...(options.fetch && { fetch: options.fetch }),
    })
    const answer = { at, list: await readStatusList(jwt, uri, rules) }
    kept.delete(uri)
    kept.set(uri, answer)
    const [oldest] = kept.keys()
    if (kept.size > mostLists && oldest !== undefined) kept.delete(oldest)
    return answer
  }

  /** One request for all who wait for the same list, and one in a second while it fails. */
  const ask = (uri: string): Promise<Kept> => {
    const running = asked.get(uri)
    if (running) return running
    const answer = fetchList(uri)
    asked.set(uri, answer)
    answer.then(
      () => asked.delete(uri),
      () => setTimeout(() => asked.delete(uri), pause).unref(),
    )
    return answer
  }

  const isYounger = ({ at, list }: Kept, seconds: number): boolean =>
    performance.now() - at < seconds * 1000 && Date.now() / 1000 < list.exp + tolerance

  const listAt = async (uri: string): Promise<StatusList | undefined> => {
    const known = kept.get(uri)
    if (known && isYounger(known, Math.min(known.list.ttl, staleness))) return known.list
    try {
      return (await ask(uri)).list
    } catch (cause) {
      if (known && isYounger(known, staleness)) return known.list
      if (onStale === 'accept') return known?.list
      throw new VerificationUnavailable('the status list cannot be had', { cause })
    }
  }

  return {
    async isRevoked({ status }) {
      const { status_list: reference } = isObject(status) ? status : {}
      const { idx, uri } = isObject(reference) ? reference : {}
      if (typeof uri !== 'string' || !isBelow(uri, issuer)) return true
      if (typeof idx !== 'number' || !Number.isSafeInteger(idx) || idx < 0) return true
      const list = await listAt(uri)
      return list !== undefined && list.statusAt(idx) !== 0
    },
  }
}

/** Written as fetch would send it, so that nothing climbs out of the issuer's folder. */
const isBelow = (uri: string, issuer: string): boolean =>
  uri.startsWith(`${issuer}/`) && URL.canParse(uri) && new URL(uri).href === uri
