import { BearerError } from './bearer.ts'
import { isObject, type JsonObject } from './jws/json.ts'

/** Claims of a JWT access token (RFC 9068 section 2.2). Times are seconds since 1970. */
export interface AccessTokenClaims extends JsonObject {
  readonly iss: string
  readonly sub: string
  readonly aud: string | readonly string[]
  readonly client_id: string
  readonly jti: string
  readonly iat: number
  readonly exp: number
  readonly nbf?: number
  /** Space-separated. */
  readonly scope?: string
  /** What the token is bound to (RFC 9449 section 6.1, RFC 8705 section 3.1). */
  readonly cnf?: { readonly jkt?: string; readonly 'x5t#S256'?: string }
}

export interface Expectation {
  readonly issuer: string
  readonly audiences: readonly string[]
  /** Seconds by which clocks may differ. */
  readonly tolerance: number
}

/**
 * Checks issuer, audience and times, and that every claim which RFC 9068 requires is there with its type.
 *
 * @throws BearerError invalid_token
 */
export function checkClaims(claims: JsonObject, expected: Expectation): AccessTokenClaims {
  if (claims.iss !== expected.issuer) throw invalid('the token is from another issuer')
  if (!isShaped(claims)) throw invalid('a required claim is missing or malformed')
  const audiences = typeof claims.aud === 'string' ? [claims.aud] : claims.aud
  if (!audiences.some((audience) => expected.audiences.includes(audience))) {
    throw invalid('the token is for another audience')
  }
  const now = Date.now() / 1000
  if (claims.exp <= now - expected.tolerance) throw invalid('the token has expired')
  if (claims.nbf !== undefined && claims.nbf > now + expected.tolerance) {
    throw invalid('the token is not valid yet')
  }
  return claims
}

/** The scopes of a token. */
export function scopesOf(claims: AccessTokenClaims): readonly string[] {
  return claims.scope?.split(' ').filter(Boolean) ?? []
}

function isShaped(claims: JsonObject): claims is AccessTokenClaims {
  const { iss, sub, aud, client_id, jti, iat, exp, nbf, scope, cnf } = claims
  return (
    [iss, sub, client_id, jti].every((value) => typeof value === 'string' && value !== '') &&
    (typeof aud === 'string' ||
      (Array.isArray(aud) && aud.every((member) => typeof member === 'string'))) &&
    Number.isFinite(iat) &&
    Number.isFinite(exp) &&
    (nbf === undefined || Number.isFinite(nbf)) &&
    (scope === undefined || typeof scope === 'string') &&
    (cnf === undefined || isConfirmation(cnf))
  )
}

// RFC 7800 section 3.1 lets a reader ignore methods that it does not know. A binding that is not checked is none, so
// they are refused.
function isConfirmation(cnf: unknown): boolean {
  return (
    isObject(cnf) &&
    Object.entries(cnf).every(
      ([method, value]) => ['jkt', 'x5t#S256'].includes(method) && typeof value === 'string',
    )
  )
}

const invalid = (description: string) => new BearerError('invalid_token', description)
