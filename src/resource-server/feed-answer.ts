import type { KeySource } from './jwks.ts'
import { bringsOwnKey, claimsOf, hasType, InvalidJws, isSignedBy, parseJws } from './jws/compact.ts'
import { type RevocationEntry, revocationKinds } from './revoked-set.ts'

/** What ended, or a key that was cut: then `name` is the SHA-256 of its kid. */
export type FeedEntry =
  | RevocationEntry
  | { readonly kind: 'key'; readonly name: string; readonly at: number }

const kinds = [...revocationKinds, 'key'] as const

/** One answer of GET /revocations (ADR 0007). */
export interface FeedAnswer {
  /** The position it goes on from; '' when it holds everything that is kept. */
  readonly after: string
  readonly position: string
  /** Whether there is no more for now. */
  readonly complete: boolean
  /** Seconds for which an entry matters. */
  readonly retention: number
  /** Seconds since 1970. */
  readonly iat: number
  readonly entries: readonly FeedEntry[]
}

export interface AnswerRules {
  readonly issuer: string
  readonly findKey: KeySource
  readonly algorithms: readonly string[]
  /** Seconds by which clocks may differ. */
  readonly tolerance: number
  /** Whether the key of a header is known to be compromised: what it says is not believed. */
  readonly isCut: (kid: string | undefined) => boolean
}

/** Characters of an answer: a page of the server's has some 450,000. */
const longest = 1024 * 1024

/**
 * Reads an answer as strictly as an access token: signature, type, issuer and times.
 *
 * @throws InvalidJws, UnusableKey, VerificationUnavailable
 */
export async function readAnswer(jwt: string, rules: AnswerRules): Promise<FeedAnswer> {
  const jws = parseJws(jwt, rules.algorithms, longest)
  if (!hasType(jws.header, 'revocations+jwt')) throw new InvalidJws('typ is not revocations+jwt')
  if (bringsOwnKey(jws.header)) throw new InvalidJws('it brings its own key')
  if (rules.isCut(jws.header.kid)) throw new InvalidJws('its key was cut as compromised')
  const key = await rules.findKey(jws.header)
  if (!key || !isSignedBy(key, jws)) throw new InvalidJws('the signature is wrong')
  const { iss, iat, exp, after, position, complete, retention, entries } = claimsOf(jws)
  if (iss !== rules.issuer) throw new InvalidJws('it is from another issuer')
  const now = Date.now() / 1000
  if (!isNumber(exp) || exp <= now - rules.tolerance) throw new InvalidJws('it is out of date')
  if (!isNumber(iat) || iat > now + rules.tolerance) throw new InvalidJws('it is from the future')
  if (
    typeof after !== 'string' ||
    typeof position !== 'string' ||
    typeof complete !== 'boolean' ||
    !isNumber(retention) ||
    !Array.isArray(entries)
  ) {
    throw new InvalidJws('it is malformed')
  }
  return { after, position, complete, retention, iat, entries: entries.map(readEntry) }
}

// A kind from a later server may end tokens in ways not known here: then nobody can say what is revoked.
function readEntry(entry: unknown): FeedEntry {
  const [kind, name, at]: unknown[] = Array.isArray(entry) ? entry : []
  const known = kinds.find((each) => each === kind)
  if (known === undefined || typeof name !== 'string' || !isNumber(at)) {
    throw new InvalidJws('an entry is malformed, or of an unknown kind')
  }
  return { kind: known, name, at }
}

const isNumber = (value: unknown): value is number => Number.isFinite(value)
