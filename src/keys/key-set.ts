import type { KeyObject } from 'node:crypto'
import type { JWK } from 'jose'
import type { Algorithm } from './algorithms.ts'

/** next: published, not signing yet. current: signs. previous: verifies until its last token is dead. */
export type KeyState = 'next' | 'current' | 'previous'

/** A key as it is published: without private members. */
export interface PublicJwk extends JWK {
  /** RFC 7638 thumbprint: a fresh key has a fresh kid. */
  readonly kid: string
  readonly alg: Algorithm
  readonly use: 'sig'
}

export interface SigningKey {
  readonly kid: string
  readonly algorithm: Algorithm
  readonly state: KeyState
  readonly publicJwk: PublicJwk
  readonly publicKey: KeyObject
  /**
   * JWS signature bytes (RFC 7518 section 3). ES256 and EdDSA are signed synchronously, so that they do not
   * wait behind password hashes in libuv's pool; RSA goes to the pool (design D7).
   */
  sign(data: Uint8Array): Buffer | Promise<Buffer>
  /** The same for an access token, which is counted. */
  signToken(data: Uint8Array): Buffer | Promise<Buffer>
}

/** The keys as they are at one moment: immutable; a change is another KeySet. */
export interface KeySet {
  readonly keys: readonly SigningKey[]
  /** Authenticates refresh tokens (HMAC-SHA-256), 32 bytes; never leaves the process. */
  readonly refreshTokenKey: KeyObject
}
