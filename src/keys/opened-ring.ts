import { createPublicKey, type KeyObject } from 'node:crypto'
import { KeyUnavailable } from './current.ts'
import { KeyFault } from './key-fault.ts'
import type { KeySet, KeyState, SigningKey } from './key-set.ts'
import { type Ring, type RingKey, refreshTokenKeyName } from './ring.ts'
import { publicJwkOf } from './signing-pair.ts'
import type { OpenedKey, Vault } from './vault.ts'

export interface RingOpener {
  /** The keys of a ring, ready to sign. Throws KeyFault when one of them cannot. */
  open(ring: Ring): Promise<KeySet>
}

const probe = Buffer.from('latchkey')

/** Opens ring after ring; a key that is open stays so. `onToken` is told of each token that a key signs. */
export function ringOpener(vault: Vault, onToken: (kid: string) => void): RingOpener {
  let opened: ReadonlyMap<string, OpenedKey> = new Map()
  let secret: { readonly from: string; readonly key: KeyObject } | undefined

  const openSecret = async ({ refreshTokenKey }: Ring): Promise<KeyObject> => {
    const from = JSON.stringify(refreshTokenKey)
    if (secret?.from !== from)
      secret = { from, key: await vault.openSecret(refreshTokenKey, refreshTokenKeyName) }
    return secret.key
  }

  const openKey = async (key: RingKey): Promise<OpenedKey> => {
    const known = opened.get(key.kid)
    if (known) return known
    const { material } = key
    // Where others can write the ring, only its private half tells that a key was made here.
    if (material === undefined || (key.state === 'previous' && !vault.seals)) return published(key)
    const fresh = await vault.open(material, key.publicJwk)
    // Here and not at the first login: what cannot sign is not taken up.
    await fresh.sign(probe)
    return fresh
  }

  return {
    async open(ring) {
      const refreshTokenKey = await openSecret(ring)
      const found = new Map<string, OpenedKey>()
      const keys: SigningKey[] = []
      for (const key of ring.keys) {
        if (key.state === 'cut') continue
        const one = await openKey(key)
        found.set(key.kid, one)
        keys.push(signingKeyOf(one, key.state, onToken))
      }
      opened = found
      return Object.freeze({ keys: Object.freeze(keys), refreshTokenKey })
    },
  }
}

function signingKeyOf(
  { kid, algorithm, publicJwk, publicKey, sign }: OpenedKey,
  state: KeyState,
  onToken: (kid: string) => void,
): SigningKey {
  const signToken = (data: Uint8Array) => {
    onToken(kid)
    return sign(data)
  }
  return Object.freeze({ kid, algorithm, state, publicJwk, publicKey, sign, signToken })
}

/** A key that verifies and signs no more: its private half need not be had. Throws KeyFault. */
function published({ kid, algorithm, publicJwk }: RingKey): OpenedKey {
  const publicKey = publicKeyOf(publicJwk)
  const own = publicKey && publicJwkOf(publicKey, algorithm)
  if (publicKey === undefined || own?.kid !== kid)
    throw new KeyFault(
      `the public key kept as ${kid} is another one: put the keys back from a backup`,
    )
  const sign = () => {
    throw new KeyUnavailable(`${kid} signs no more`)
  }
  return { kid, algorithm, publicJwk: own, publicKey, sign }
}

function publicKeyOf(jwk: RingKey['publicJwk']): KeyObject | undefined {
  try {
    return createPublicKey({ key: { ...jwk }, format: 'jwk' })
  } catch {
    return undefined
  }
}

/** What is left of `keys` where a ring cannot be opened: nothing that it has cut or forgotten. */
export function reduced(keys: KeySet, ring: Ring): KeySet {
  const kept = new Set(ring.keys.filter(({ state }) => state !== 'cut').map(({ kid }) => kid))
  const left = keys.keys.filter(({ kid }) => kept.has(kid))
  return left.length === keys.keys.length
    ? keys
    : Object.freeze({ ...keys, keys: Object.freeze(left) })
}
