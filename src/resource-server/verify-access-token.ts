import { hash, type KeyObject } from 'node:crypto'
import type { CryptoKey } from 'jose'
import { BearerError, type Scheme, VerificationUnavailable } from './bearer.ts'
import { type AccessTokenClaims, checkClaims } from './claims.ts'
import { createProofVerifier, type DpopOptions, type DpopRequest } from './dpop.ts'
import { type JwksTiming, type KeyOption, keySource } from './jwks.ts'
import { assertSupported, defaultAlgorithms } from './jws/algorithms.ts'
import {
  bringsOwnKey,
  claimsOf,
  hasType,
  InvalidJws,
  isSignedBy,
  type Jws,
  type JwsHeader,
  parseJws,
} from './jws/compact.ts'
import { frozen, type JsonObject } from './jws/json.ts'
import { UnusableKey } from './jws/keys.ts'
import { type TokenMemory, verifiedSignatures } from './verified-signatures.ts'

export interface VerifierOptions {
  /** The `iss` of the tokens, byte for byte. */
  readonly issuer: string
  /** What this API is called in `aud`; one of several is enough. */
  readonly audience: string | readonly string[]
  /** Where the keys are. Without it, at the `jwks_uri` of the issuer's metadata (RFC 8414). */
  readonly jwks?: KeyOption
  readonly jwksTiming?: JwksTiming
  /** `alg` values that are accepted: all that Latchkey signs with unless given. */
  readonly algorithms?: readonly string[]
  /** Seconds by which clocks may differ; 5 unless given. */
  readonly clockTolerance?: number
  /** Asked at each call; what it keeps in `memory` comes again with the same token. When it throws, the token cannot be judged (503). */
  readonly isRevoked?: (
    claims: AccessTokenClaims,
    header: { readonly kid?: string },
    memory: TokenMemory,
  ) => boolean | Promise<boolean>
  /** How many good signatures are remembered; 1000 unless given, 0 for none. */
  readonly cache?: number
  /** Takes DPoP-bound tokens (RFC 9449). Without it they are refused, as nobody could check the binding. */
  readonly dpop?: DpopOptions
}

/** How a token came: what bindings are checked against. */
export interface Presentation extends DpopRequest {
  readonly scheme: Scheme
  /** The TLS client certificate, DER. */
  readonly certificate?: Uint8Array | undefined
}

export interface AccessTokenVerifier {
  /** `alg` values for DPoP proofs, where DPoP is taken. */
  readonly dpop: readonly string[] | undefined
  /**
   * The claims of a token that may be used in this request, an object of the caller's own; what is nested in it is frozen.
   *
   * @param presentation without it, bound tokens are refused
   * @throws BearerError
   * @throws VerificationUnavailable
   */
  verify(token: string, presentation?: Presentation): Promise<AccessTokenClaims>
  /**
   * The claims of a genuine, unexpired, unrevoked token, whoever presents it: for introspection and revocation, and
   * no ground for access.
   *
   * @throws BearerError
   * @throws VerificationUnavailable
   */
  inspect(token: string): Promise<AccessTokenClaims>
}

/**
 * Verifies JWT access tokens as RFC 9068 section 4 and RFC 8725 say.
 *
 * @throws TypeError when an option makes no sense
 */
export function createVerifier(options: VerifierOptions): AccessTokenVerifier {
  const { issuer, algorithms = defaultAlgorithms, clockTolerance: tolerance = 5 } = options
  assertSupported(algorithms)
  const audiences = [options.audience].flat()
  if (audiences.length === 0) throw new TypeError('name at least one audience')
  const findKey = keySource(options)
  const seen = verifiedSignatures(options.cache ?? 1000)
  const proofs = options.dpop && createProofVerifier(options.dpop, tolerance)

  async function inspect(token: string): Promise<AccessTokenClaims> {
    try {
      const jws = parseJws(token, algorithms)
      checkHeader(jws)
      const key = await findKey(jws.header)
      if (!key) throw new InvalidJws('no key for it')
      const { payload, memory } = seen.of(token, key, () => open(jws, key))
      const claims = checkClaims(payload, { issuer, audiences, tolerance })
      if (await isRevoked(claims, jws.header, memory)) throw invalid('the token has been revoked')
      return { ...claims }
    } catch (error) {
      if (error instanceof InvalidJws || error instanceof UnusableKey) {
        throw invalid('the token is malformed or not genuine', error)
      }
      throw error
    }
  }

  async function isRevoked(
    claims: AccessTokenClaims,
    header: JwsHeader,
    memory: TokenMemory,
  ): Promise<boolean> {
    try {
      return (await options.isRevoked?.(claims, header, memory)) ?? false
    } catch (cause) {
      throw new VerificationUnavailable('revocations cannot be read', { cause })
    }
  }

  async function verify(token: string, presentation?: Presentation): Promise<AccessTokenClaims> {
    const claims = await inspect(token)
    const { jkt, 'x5t#S256': certificateHash } = claims.cnf ?? {}
    if (certificateHash !== undefined && certificateHash !== sha256(presentation?.certificate)) {
      throw invalid('the token is bound to another client certificate')
    }
    if (presentation?.scheme === 'DPoP') {
      if (!proofs) throw invalid('DPoP is not supported')
      if (jkt === undefined) throw invalid('the token is not bound to a key')
      if ((await proofs.verify(presentation, token)) !== jkt) {
        throw invalid('the token is bound to another key')
      }
    } else if (jkt !== undefined) {
      // RFC 9449 section 7.2: no downgrade.
      throw invalid('the token is bound to a key and needs a DPoP proof')
    }
    return claims
  }

  return { dpop: proofs?.algorithms, verify, inspect }
}

function open(jws: Jws, key: KeyObject | CryptoKey): JsonObject {
  if (!isSignedBy(key, jws)) throw new InvalidJws('the signature is wrong')
  return frozen(claimsOf(jws))
}

/** RFC 9068 section 4 (typ) and RFC 8725 section 3.10: keys that a token brings along are not even looked at. */
function checkHeader({ header }: Jws): void {
  if (!hasType(header, 'at+jwt')) throw new InvalidJws('typ is not at+jwt')
  if (bringsOwnKey(header)) throw new InvalidJws('the token brings its own key')
}

const sha256 = (bytes: Uint8Array | undefined) => bytes && hash('sha256', bytes, 'base64url')

const invalid = (description: string, cause?: unknown) =>
  new BearerError('invalid_token', description, { cause })
