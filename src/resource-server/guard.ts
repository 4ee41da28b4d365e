import {
  BearerError,
  type ChallengeOptions,
  challenge,
  readCredentials,
  type Scheme,
  VerificationUnavailable,
} from './bearer.ts'
import { type AccessTokenClaims, scopesOf } from './claims.ts'
import type { AccessTokenVerifier, Presentation } from './verify-access-token.ts'

export interface GuardOptions extends ChallengeOptions {
  /** Scopes that the token must have, all of them. */
  readonly scopes?: readonly string[]
}

/** A request, reduced to what access is decided on. */
export interface GuardedRequest extends Omit<Presentation, 'scheme'> {
  /** Every Authorization field. */
  readonly authorization: readonly string[]
}

/** An answer for a request that may not pass. The body is JSON. */
export interface Refusal {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: { readonly error?: string; readonly error_description: string }
}

export type Verdict = { readonly claims: AccessTokenClaims } | { readonly refusal: Refusal }

/** Decides on requests; what every adapter is made of. @throws TypeError when an option cannot be put into a challenge */
export function createGuard(verifier: AccessTokenVerifier, options: GuardOptions = {}) {
  const { scopes = [], ...rest } = options
  const scope = scopes.join(' ')
  const dpop = verifier.dpop
  challenge({ code: 'insufficient_scope', message: '', scope }, { ...rest, dpop })

  function refuse(error: unknown, scheme: Scheme): Refusal {
    if (error instanceof BearerError) {
      const { status, code, message } = error
      return {
        status,
        headers: { 'WWW-Authenticate': challenge(error, { ...rest, dpop, scheme }) },
        body: { ...(code && { error: code }), error_description: message },
      }
    }
    if (error instanceof VerificationUnavailable) {
      const error_description = 'access tokens cannot be verified at the moment'
      return { status: error.status, headers: { 'Retry-After': '5' }, body: { error_description } }
    }
    throw error
  }

  return async (request: GuardedRequest): Promise<Verdict> => {
    let scheme: Scheme = 'Bearer'
    try {
      const schemes: Scheme[] = dpop ? ['Bearer', 'DPoP'] : ['Bearer']
      const credentials = readCredentials(request.authorization, request.target, schemes)
      scheme = credentials.scheme
      const claims = await verifier.verify(credentials.token, { ...request, scheme })
      const granted = scopesOf(claims)
      if (!scopes.every((required) => granted.includes(required))) {
        throw new BearerError('insufficient_scope', 'the token lacks a scope', { scope })
      }
      return { claims }
    } catch (error) {
      return { refusal: refuse(error, scheme) }
    }
  }
}
