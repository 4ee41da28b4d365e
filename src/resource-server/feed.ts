import { setTimeout as pause } from 'node:timers/promises'
import { VerificationUnavailable } from './bearer.ts'
import type { AccessTokenClaims } from './claims.ts'
import { cutKeys } from './cut-keys.ts'
import { type FeedAnswer, readAnswer } from './feed-answer.ts'
import { fetchText } from './fetch-json.ts'
import { type JwksTiming, type KeyOption, keySource } from './jwks.ts'
import { assertSupported, defaultAlgorithms } from './jws/algorithms.ts'
import { revokedSet } from './revoked-set.ts'
import type { TokenMemory } from './verified-signatures.ts'

export interface FollowOptions {
  /** The `iss` of the tokens, byte for byte. */
  readonly issuer: string
  /** Where the feed is; `/revocations` below the issuer unless given. */
  readonly url?: URL | string
  /** As for createVerifier. */
  readonly jwks?: KeyOption
  readonly jwksTiming?: JwksTiming
  readonly algorithms?: readonly string[]
  /** Seconds for which what is known counts as fresh; 5 unless given, 3 at least. */
  readonly staleness?: number
  /** What becomes of tokens not known to be revoked while it is not fresh: 503, or taken at their word. */
  readonly onStale?: 'refuse' | 'accept'
  /** Seconds by which clocks may differ; 5 unless given. */
  readonly clockTolerance?: number
  /** Revocations that are remembered at most; 1,000,000 unless given. Beyond it nothing counts as fresh. */
  readonly capacity?: number
  readonly fetch?: typeof fetch
}

export interface FeedStatus {
  /** Seconds since what is known was known to be all; Infinity before the first answer. */
  readonly age: number
  readonly stale: boolean
  /** Revocations remembered. */
  readonly entries: number
  readonly position: string
  /** Why the last request gave nothing; undefined when it did. */
  readonly failure: string | undefined
}

export interface RevocationFollower {
  /**
   * For `createVerifier({ isRevoked })`. The first callers wait for the first answer.
   * @throws VerificationUnavailable when what is known is not fresh, and `onStale` is 'refuse'
   */
  readonly isRevoked: (
    claims: AccessTokenClaims,
    header?: { readonly kid?: string },
    memory?: TokenMemory,
  ) => boolean | Promise<boolean>
  readonly age: () => number
  readonly status: () => FeedStatus
  /** Stops following; from then on what is known grows old. A process that follows does not end by itself. */
  readonly close: () => void
}

/** Bytes of an answer: 5,000 entries fit several times. */
const largest = 4 * 1024 * 1024

/**
 * Follows the revocation feed of an issuer, so that tokens checked by their signature alone are
 * refused within seconds of their revocation, without a request for each. Asks for news and waits
 * for them a third of `staleness`; where nobody lets it wait, it asks as often.
 *
 * @throws TypeError when an option makes no sense
 */
export function followRevocations(options: FollowOptions): RevocationFollower {
  const { issuer, algorithms = defaultAlgorithms, clockTolerance: tolerance = 5 } = options
  const { staleness = 5, onStale = 'refuse', capacity = 1_000_000 } = options
  assertSupported(algorithms)
  if (!(staleness >= 3)) throw new TypeError('staleness is 3 seconds or more')
  const url = new URL(options.url ?? `${issuer}/revocations`)
  const cut = cutKeys()
  const rules = { issuer, algorithms, tolerance, findKey: keySource(options), isCut: cut.has }
  const wait = Math.min(25, Math.floor(staleness / 3))
  const closed = new AbortController()
  const revoked = revokedSet()
  let position = ''
  let knownAt = Number.NEGATIVE_INFINITY
  let failure: string | undefined

  const age = () => (performance.now() - knownAt) / 1000

  async function ask(seconds: number): Promise<FeedAnswer> {
    url.search = position === '' ? '' : `?after=${encodeURIComponent(position)}&wait=${seconds}`
    const text = await fetchText(url, {
      timeout: (seconds + 3) * 1000,
      size: largest,
      accept: 'application/revocations+jwt',
      signal: closed.signal,
      ...(options.fetch && { fetch: options.fetch }),
    })
    return readAnswer(text, rules)
  }

  function take({ after, entries, retention, iat, ...answer }: FeedAnswer): void {
    // What is not the continuation of what is known must be the whole.
    if (after !== '' && after !== position) throw new Error('it goes on from another position')
    revoked.forget((iat - retention) * 1000)
    if (revoked.size() + cut.size() + entries.length > capacity)
      throw new Error('there are too many revocations')
    for (const entry of entries) {
      if (entry.kind === 'key') cut.add(entry.name)
      else revoked.add(entry)
    }
    position = answer.position
  }

  async function follow(answered: () => void): Promise<void> {
    let failures = 0
    while (!closed.signal.aborted) {
      const asked = performance.now()
      const before = position
      // After a failure at once, whatever there is: what is known grows old meanwhile.
      const patience = failures === 0 ? wait : 0
      let rest = 0
      try {
        const answer = await ask(patience)
        take(answer)
        // As of the asking, for the answer may have waited on its way.
        if (answer.complete) knownAt = asked
        failures = 0
        failure = undefined
        const elapsed = performance.now() - asked
        const idle = answer.after === before && answer.entries.length === 0 && patience > 0
        if (idle || answer.after !== before) rest = Math.max(0, wait * 1000 - elapsed)
      } catch (error) {
        failure = error instanceof Error ? error.message : String(error)
        failures += 1
        rest = Math.min(staleness * 1000, 100 * 2 ** failures) * (0.5 + Math.random() / 2)
      }
      answered()
      if (rest > 0)
        await pause(rest, undefined, { ref: false, signal: closed.signal }).catch(() => {})
    }
  }

  const { promise: first, resolve } = Promise.withResolvers<void>()
  let begun = false
  void follow(() => {
    begun = true
    resolve()
  })

  function judge(
    claims: AccessTokenClaims,
    header: { readonly kid?: string } | undefined,
    memory: TokenMemory | undefined,
  ): boolean {
    if (cut.has(header?.kid) || revoked.has(claims, memory)) return true
    if (onStale === 'refuse' && age() > staleness) {
      throw new VerificationUnavailable('revocations are not known to be up to date')
    }
    return false
  }

  return {
    isRevoked: (claims, header, memory) =>
      begun ? judge(claims, header, memory) : first.then(() => judge(claims, header, memory)),
    age,
    status: () => ({
      age: age(),
      stale: age() > staleness,
      entries: revoked.size(),
      position,
      failure,
    }),
    close: () => closed.abort(),
  }
}
