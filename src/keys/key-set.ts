import type { KeyObject } from 'node:crypto'
import type { JWK } from 'jose'
import type { Algorithm } from './algorithms.ts'

/** next: published, not signing yet. current: signs. previous: verifies until its last token is dead. */
export type KeyState = 'next' | 'current' | 'previous'

export interface SigningKey {
  /** RFC 7638 thumbprint: a fresh key has a fresh kid. */
  readonly kid: string
  readonly algorithm: Algorithm
  readonly state: KeyState
  /** With kid, alg and use, and without private members. */
  readonly publicJwk: JWK
  readonly publicKey: KeyObject
  /**
   * JWS signature bytes (RFC 7518 section 3). ES256 and EdDSA are signed synchronously, so that they do not
   * wait behind password hashes in libuv's pool; RSA goes to the pool (design D7).
   */
  sign(data: Uint8Array): Buffer | Promise<Buffer>
}

/** The keys as they are at one moment: immutable; a change is another KeySet. */
export interface KeySet {
  readonly keys: readonly SigningKey[]
  /** Authenticates refresh tokens (HMAC-SHA-256), 32 bytes; never leaves the process. */
  readonly refreshTokenKey: KeyObject
}

/** Where keys live and change. */
export interface KeyStore {
  current(): KeySet
  /** Called after each change; returns the unsubscription. */
  onChange(listener: (keys: KeySet) => void): () => void
  close(): Promise<void>
}
