import { createPublicKey, createSecretKey, type JsonWebKey, type KeyObject } from 'node:crypto'
import { type Algorithm, algorithms } from './algorithms.ts'
import { KeyFault } from './key-fault.ts'
import type { PublicJwk, SigningKey } from './key-set.ts'
import type { Seal } from './seal.ts'
import { generatePrivateKey, isSignature, signer, unfit } from './signature.ts'
import type { SigningDevice } from './signing-device.ts'
import { privateKeyOf, publicJwkOf, signingPair } from './signing-pair.ts'

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
export type OpenedKey = Omit<SigningKey, 'state' | 'signToken'>

/** A key to keep: its private half as it is kept, and its public half as it is published. */
export interface NewKey {
  readonly material: KeyMaterial
  readonly publicJwk: PublicJwk
}

/** What guards the private halves of a ring. Every method throws KeyFault, in words that say what to do; or SigningUnavailable, where there is a device. */
export interface Vault {
  /** Whether everything secret that comes from here may be kept where others can read it. */
  readonly seals: boolean
  /** A fresh key: made here, and sealed where there is something to seal with, or made by the device. */
  create(algorithm: Algorithm): Promise<NewKey>
  /** Keeps a private key that exists already. */
  take(key: KeyObject, algorithm: Algorithm): Promise<NewKey>
  /** Wrong passphrase, altered, unfit, not the key that `publicJwk` names: all are refused. */
  open(material: KeyMaterial, publicJwk: PublicJwk): Promise<OpenedKey>
  /** The same key as it would be kept now: sealed by what seals today. What a device holds stays there. */
  reseal(material: KeyMaterial, publicJwk: PublicJwk): Promise<KeyMaterial>
  sealSecret(bytes: Uint8Array, name: string): Promise<SecretMaterial>
  openSecret(material: SecretMaterial, name: string): Promise<KeyObject>
  close(): Promise<void>
}

export interface VaultOptions {
  /** Without it private keys are kept as they are, which a folder of one's own allows. */
  readonly seal?: Seal | undefined
  /** Where new keys are made and held, if anywhere but here. */
  readonly device?: SigningDevice | undefined
  /** Those whose keys the device makes; all, if left out. */
  readonly deviceAlgorithms?: readonly Algorithm[] | undefined
  /** Opens what is not sealed although there is a seal: to seal it. Otherwise whoever can write the ring could put keys in. */
  readonly opensPlain?: boolean
}

export function createVault({
  seal,
  device,
  deviceAlgorithms = algorithms,
  opensPlain = !seal,
}: VaultOptions = {}): Vault {
  const take = async (key: KeyObject, algorithm: Algorithm): Promise<NewKey> => {
    const { privateKey, publicJwk } = signingPair(key, algorithm)
    const jwk = privateKey.export({ format: 'jwk' })
    const name = nameOf(publicJwk)
    const material = seal ? { sealed: await seal.seal(encode(jwk), name) } : { jwk }
    return { material, publicJwk }
  }

  const unsealed = async (material: { readonly sealed: string }, name: string) => {
    if (!seal) throw new KeyFault(`${name} is sealed: give keys.seal what it was sealed with`)
    return await seal.open(material.sealed, name)
  }

  const refusePlain = (name: string) => {
    if (!opensPlain) throw new KeyFault(`${name} is not sealed: run latchkey keys reseal`)
  }

  const pairOf = async (material: Exclude<KeyMaterial, { device: string }>, named: PublicJwk) => {
    if ('jwk' in material) refusePlain(nameOf(named))
    const jwk = 'jwk' in material ? material.jwk : decode(await unsealed(material, nameOf(named)))
    const pair = signingPair(privateKeyOf(jwk), named.alg)
    refuseOther(pair.publicJwk, named)
    return pair
  }

  const openHere = async (material: Exclude<KeyMaterial, { device: string }>, named: PublicJwk) => {
    const { privateKey, publicKey, publicJwk } = await pairOf(material, named)
    return opened(publicKey, publicJwk, signer(named.alg, privateKey))
  }

  return {
    seals: seal !== undefined,
    take,
    async create(algorithm) {
      if (!device || !deviceAlgorithms.includes(algorithm))
        return await take(await generatePrivateKey(algorithm), algorithm)
      const { name, jwk } = await device.create(algorithm)
      return {
        material: { device: name },
        publicJwk: publicJwkOf(publicKeyOf(jwk, algorithm), algorithm),
      }
    },
    async open(material, named) {
      if (!('device' in material)) return await openHere(material, named)
      if (!device)
        throw new KeyFault(`${nameOf(named)} is held by a device: say where it is in keys.device`)
      const held = await device.find(material.device)
      if (!held) throw new KeyFault(`the device holds no key named ${material.device}: ${remedy}`)
      const publicKey = publicKeyOf(held.jwk, named.alg)
      const publicJwk = refuseOther(publicJwkOf(publicKey, named.alg), named)
      const sign = (data: Uint8Array) => device.sign(held.name, named.alg, data)
      if (!isSignature(named.alg, publicKey, probe, await sign(probe)))
        throw new KeyFault(`the device signs by another key than its ${held.name}: ${remedy}`)
      return opened(publicKey, publicJwk, sign)
    },
    async reseal(material, named) {
      if ('device' in material) return material
      return (await take((await pairOf(material, named)).privateKey, named.alg)).material
    },
    async sealSecret(bytes, name) {
      return seal
        ? { sealed: await seal.seal(bytes, name) }
        : { plain: Buffer.from(bytes).toString('base64url') }
    },
    async openSecret(material, name) {
      if ('plain' in material) refusePlain(name)
      const bytes =
        'plain' in material
          ? Buffer.from(material.plain, 'base64url')
          : await unsealed(material, name)
      if (bytes.length !== 32) throw new KeyFault(`${name} is truncated: put it back from a backup`)
      return createSecretKey(bytes)
    },
    close: async () => device?.close(),
  }
}

const remedy = 'put it back from a backup, or cut this key'
const probe = Buffer.from('latchkey')

const nameOf = ({ alg, kid }: PublicJwk) => `${alg} key ${kid}`

const encode = (jwk: JsonWebKey) => Buffer.from(JSON.stringify(jwk))
const decode = (bytes: Buffer): JsonWebKey => JSON.parse(bytes.toString())

const opened = (
  publicKey: KeyObject,
  publicJwk: PublicJwk,
  sign: OpenedKey['sign'],
): OpenedKey => ({ kid: publicJwk.kid, algorithm: publicJwk.alg, publicJwk, publicKey, sign })

function refuseOther(publicJwk: PublicJwk, named: PublicJwk): PublicJwk {
  if (publicJwk.kid !== named.kid)
    throw new KeyFault(`what is kept as ${nameOf(named)} is another key: ${remedy}`)
  return publicJwk
}

function publicKeyOf(jwk: JsonWebKey, algorithm: Algorithm): KeyObject {
  const key = importPublic(jwk)
  const reason = key === undefined ? 'no public key' : unfit(algorithm, key)
  if (key === undefined || reason !== undefined)
    throw new KeyFault(`the device offers ${reason} for ${algorithm}`)
  return key
}

function importPublic(jwk: JsonWebKey): KeyObject | undefined {
  try {
    return createPublicKey({ key: jwk, format: 'jwk' })
  } catch {
    return undefined
  }
}
