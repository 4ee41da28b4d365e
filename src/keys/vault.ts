import { createSecretKey, type JsonWebKey, type KeyObject } from 'node:crypto'
import type { Algorithm } from './algorithms.ts'
import { KeyFault } from './key-fault.ts'
import type { PublicJwk, SigningKey } from './key-set.ts'
import { generatePrivateKey, signer } from './signature.ts'
import { privateKeyOf, signingPair } from './signing-pair.ts'

/** The private half of a key as a ring keeps it. */
export type KeyMaterial =
  /** As it is: allowed in a folder alone. */
  | { readonly jwk: JsonWebKey }
  /** Encrypted, and bound to its kid and algorithm. */
  | { readonly sealed: string }
  /** The name of a key that never leaves its device. */
  | { readonly device: string }

/** 32 secret bytes as a ring keeps them: base64url, or encrypted and bound to their name. */
export type SecretMaterial = { readonly plain: string } | { readonly sealed: string }

/** A key that may sign, whatever its state in the ring. */
export type OpenedKey = Omit<SigningKey, 'state'>

/** A key to keep: its private half as it is kept, and its public half as it is published. */
export interface NewKey {
  readonly material: KeyMaterial
  readonly publicJwk: PublicJwk
}

/** What guards the private halves of a ring. Every method throws KeyFault, in words that say what to do. */
export interface Vault {
  /** Whether everything secret that comes from here may be seen by others. */
  readonly seals: boolean
  /** A fresh key: made here, and sealed where there is something to seal with, or made by the device. */
  create(algorithm: Algorithm): Promise<NewKey>
  /** Keeps a private key that exists already. */
  take(key: KeyObject, algorithm: Algorithm): Promise<NewKey>
  /** Wrong passphrase, altered, unfit, not the key that `publicJwk` names: all are refused. */
  open(material: KeyMaterial, publicJwk: PublicJwk): Promise<OpenedKey>
  sealSecret(bytes: Uint8Array, name: string): Promise<SecretMaterial>
  openSecret(material: SecretMaterial, name: string): Promise<KeyObject>
  close(): Promise<void>
}

/** A vault that keeps keys as they are, which a folder of one's own allows. */
export function createVault(): Vault {
  const take = async (key: KeyObject, algorithm: Algorithm): Promise<NewKey> => {
    const { privateKey, publicJwk } = signingPair(key, algorithm)
    return { material: { jwk: privateKey.export({ format: 'jwk' }) }, publicJwk }
  }
  return {
    seals: false,
    take,
    create: async (algorithm) => take(await generatePrivateKey(algorithm), algorithm),
    async open(material, publicJwk) {
      if (!('jwk' in material)) throw new KeyFault(`${publicJwk.kid} is sealed`)
      return openPair(privateKeyOf(material.jwk), publicJwk)
    },
    sealSecret: async (bytes) => ({ plain: Buffer.from(bytes).toString('base64url') }),
    async openSecret(material, name) {
      if (!('plain' in material)) throw new KeyFault(`${name} is sealed`)
      return secretKey(Buffer.from(material.plain, 'base64url'), name)
    },
    close: async () => {},
  }
}

const remedy = 'put the keys back from a backup, or cut this one'

function openPair(key: KeyObject, named: PublicJwk): OpenedKey {
  const { privateKey, publicKey, publicJwk } = signingPair(key, named.alg)
  if (publicJwk.kid !== named.kid)
    throw new KeyFault(`the private key kept as ${named.kid} is another one: ${remedy}`)
  const { kid, alg: algorithm } = publicJwk
  return { kid, algorithm, publicJwk, publicKey, sign: signer(algorithm, privateKey) }
}

function secretKey(bytes: Buffer, name: string): KeyObject {
  if (bytes.length !== 32) throw new KeyFault(`${name} is truncated: put it back from a backup`)
  return createSecretKey(bytes)
}
