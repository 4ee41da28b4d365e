import { BearerError } from './bearer.ts'
import { type AccessTokenClaims, scopesOf } from './claims.ts'
import {
  type AccessTokenVerifier,
  createVerifier,
  type Presentation,
  type VerifierOptions,
} from './verify-access-token.ts'

export interface VerifyOptions extends VerifierOptions {
  /** Scopes that the token must have, all of them. */
  readonly scopes?: readonly string[]
}

/** One verifier, with its keys and what it has seen, for each options object. */
const verifiers = new WeakMap<VerifyOptions, AccessTokenVerifier>()

/**
 * The claims of an access token, where there is no framework to adapt to. Keep the options object:
 * the keys fetched for it are kept with it.
 *
 * @throws BearerError with status 401 or 403
 * @throws VerificationUnavailable when the token cannot be judged now (503)
 * @throws TypeError when an option makes no sense
 */
export async function verifyAccessToken(
  token: string,
  options: VerifyOptions,
  presentation?: Presentation,
): Promise<AccessTokenClaims> {
  const verifier = verifiers.get(options) ?? createVerifier(options)
  verifiers.set(options, verifier)
  const claims = await verifier.verify(token, presentation)
  const granted = scopesOf(claims)
  const { scopes = [] } = options
  if (!scopes.every((required) => granted.includes(required))) {
    throw new BearerError('insufficient_scope', 'the token lacks a scope', {
      scope: scopes.join(' '),
    })
  }
  return claims
}
