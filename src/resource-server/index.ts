/**
 * latchkey/resource-server: checks the access tokens that a Latchkey server issued.
 *
 * ```ts
 * const verifier = createVerifier({ issuer: 'https://login.example', audience: 'https://api.example' })
 * app.get('/items', expressAccessToken(verifier, { scopes: ['items'] }), (req, res) => res.json(req.accessToken.sub))
 * ```
 */

export { requireAccessToken as expressAccessToken } from './adapters/express.ts'
export { requireAccessToken as fastifyAccessToken } from './adapters/fastify.ts'
export { requireAccessToken as fetchAccessToken } from './adapters/fetch.ts'
export { requireAccessToken as koaAccessToken } from './adapters/koa.ts'
export type { NodeGuardOptions } from './adapters/node.ts'
export type { BearerErrorCode, ChallengeOptions, Credentials, Scheme } from './bearer.ts'
export { BearerError, challenge, readCredentials, VerificationUnavailable } from './bearer.ts'
export type { AccessTokenClaims } from './claims.ts'
export { scopesOf } from './claims.ts'
export type { DpopOptions, DpopRequest } from './dpop.ts'
export type { FeedStatus, FollowOptions, RevocationFollower } from './feed.ts'
export { followRevocations } from './feed.ts'
export type { GuardedRequest, GuardOptions, Refusal, Verdict } from './guard.ts'
export { createGuard } from './guard.ts'
export type { JwksTiming, KeyOption, KeySource } from './jwks.ts'
export { defaultAlgorithms } from './jws/algorithms.ts'
export type { JwsHeader } from './jws/compact.ts'
export type { StatusFollower, StatusOptions } from './status-lists.ts'
export { followStatusLists } from './status-lists.ts'
export type { TokenMemory } from './verified-signatures.ts'
export type { AccessTokenVerifier, Presentation, VerifierOptions } from './verify-access-token.ts'
export { createVerifier } from './verify-access-token.ts'
export type { VerifyOptions } from './verify-once.ts'
export { verifyAccessToken } from './verify-once.ts'
