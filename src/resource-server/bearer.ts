/** RFC 6750 section 3.1 and RFC 9449 section 7.1: the code decides the status. */
const statusOf = {
  invalid_request: 400,
  invalid_token: 401,
  invalid_dpop_proof: 401,
  insufficient_scope: 403,
} as const

export type BearerErrorCode = keyof typeof statusOf

/**
 * A request that may not pass. Without a code there was no token at all: 401 and a bare challenge (RFC 6750 section
 * 3.1). `message` goes to the client, `cause` to the log.
 */
export class BearerError extends Error {
  override readonly name = 'BearerError'
  readonly code: BearerErrorCode | undefined
  readonly status: 400 | 401 | 403
  /** The scope that was missing, space-separated. */
  readonly scope: string | undefined

  constructor(
    code: BearerErrorCode | undefined,
    description: string,
    more: { readonly scope?: string; readonly cause?: unknown } = {},
  ) {
    super(description, { cause: more.cause })
    this.code = code
    this.status = code ? statusOf[code] : 401
    this.scope = more.scope
  }
}

/** The token cannot be judged now: keys, revocations or replay memory are out of reach. Answer 503, never 401. */
export class VerificationUnavailable extends Error {
  override readonly name = 'VerificationUnavailable'
  readonly status = 503
}

export type Scheme = 'Bearer' | 'DPoP'

export interface Credentials {
  readonly scheme: Scheme
  readonly token: string
}

/**
 * Finds the access token of a request in its Authorization header, the only place where it is taken from (RFC 9700
 * section 4.3.2): one in the query alone is no token.
 *
 * @param authorization every Authorization field of the request
 * @param target the request target, path and query
 * @throws BearerError without a code when there is no token; invalid_request when the request is malformed
 */
export function readCredentials(
  authorization: readonly string[],
  target: string,
  schemes: readonly Scheme[],
): Credentials {
  const [field, second] = authorization
  if (second !== undefined) throw malformed('more than one Authorization header')
  const name = field?.split(' ', 1)[0]?.toLowerCase()
  const scheme = schemes.find((known) => known.toLowerCase() === name)
  if (!field || !scheme) throw new BearerError(undefined, 'an access token is required')
  if (queryOf(target).has('access_token')) throw malformed('the token is sent in more than one way')
  // RFC 6750 section 2.1: scheme, one or more spaces, b64token.
  const token = /^[A-Za-z]+ +([\w.~+/-]+=*)$/.exec(field)?.[1]
  if (!token) throw malformed('the Authorization header is malformed')
  return { scheme, token }
}

export interface ChallengeOptions {
  /** Name of the protected space; `api` unless given. */
  readonly realm?: string
  /** URL of the protected resource metadata (RFC 9728 section 5.1). */
  readonly resourceMetadata?: string
}

/**
 * The value of WWW-Authenticate. The error stands in the challenge of the scheme that was used (RFC 9449 section 7.1).
 *
 * @param dpop the algorithms for proofs, where DPoP is taken
 * @throws TypeError when a value has characters that RFC 6750 section 3 does not allow
 */
export function challenge(
  error: Pick<BearerError, 'code' | 'message' | 'scope'>,
  options: ChallengeOptions & {
    readonly scheme?: Scheme
    readonly dpop?: readonly string[] | undefined
  } = {},
): string {
  const failure = error.code
    ? { error: error.code, error_description: error.message, scope: error.scope }
    : {}
  const usedDpop = options.scheme === 'DPoP' && options.dpop !== undefined
  const bearer = parameters('Bearer', {
    realm: options.realm ?? 'api',
    ...(usedDpop ? {} : failure),
    resource_metadata: options.resourceMetadata,
  })
  if (!options.dpop) return bearer
  const algs = options.dpop.join(' ')
  return `${bearer}, ${parameters('DPoP', { ...(usedDpop ? failure : {}), algs })}`
}

function parameters(scheme: Scheme, values: Readonly<Record<string, string | undefined>>): string {
  const pairs: string[] = []
  for (const [name, value] of Object.entries(values)) {
    if (value === undefined) continue
    if (!/^[\x20\x21\x23-\x5b\x5d-\x7e]*$/.test(value)) {
      throw new TypeError(`${name} of the challenge has characters outside RFC 6750 section 3`)
    }
    pairs.push(`${name}="${value}"`)
  }
  return `${scheme} ${pairs.join(', ')}`
}

function queryOf(target: string): URLSearchParams {
  const start = target.indexOf('?')
  return new URLSearchParams(start < 0 ? '' : target.slice(start + 1))
}

const malformed = (description: string) => new BearerError('invalid_request', description)
