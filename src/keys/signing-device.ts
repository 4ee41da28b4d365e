import type { JsonWebKey } from 'node:crypto'
import type { Algorithm } from './algorithms.ts'

/** A key that a device holds. */
export interface DeviceKey {
  /** What the device calls it; printable, at most 200 characters. */
  readonly name: string
  /** The public half. */
  readonly jwk: JsonWebKey
}

/** Holds private keys and signs with them: an HSM, a KMS. They never leave it. */
export interface SigningDevice {
  /** Makes a key. Throws SigningUnavailable. */
  create(algorithm: Algorithm): Promise<DeviceKey>
  /** Undefined when it holds no such key. Throws SigningUnavailable. */
  find(name: string): Promise<DeviceKey | undefined>
  /** JWS signature bytes (RFC 7518 section 3) over `data`, which the device hashes itself. Throws SigningUnavailable. */
  sign(name: string, algorithm: Algorithm, data: Uint8Array): Promise<Buffer>
  close(): Promise<void>
}

/** The device gave no signature, or not in time: 503, as it may give one soon. */
export class SigningUnavailable extends Error {
  override readonly name = 'SigningUnavailable'
}
