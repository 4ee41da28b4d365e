import type { Algorithm } from './algorithms.ts'
import { KeyFault } from './key-fault.ts'
import type { KeyState, PublicJwk } from './key-set.ts'
import type { KeyMaterial, NewKey, SecretMaterial } from './vault.ts'

/**
 * All keys of an issuer, as one document that is replaced as a whole (ADR 0009). Every change is
 * another ring with a higher version. Times are milliseconds since the epoch.
 */
export interface Ring {
  /** Random: a ring that was lost and made anew is another one. */
  readonly id: string
  readonly version: number
  /** Random marks of the versions before it and its own, the latest first, where its home needs them. */
  readonly trail?: readonly string[] | undefined
  readonly keys: readonly RingKey[]
  /** Authenticates refresh tokens. */
  readonly refreshTokenKey: SecretMaterial
}

export interface RingKey {
  readonly kid: string
  readonly algorithm: Algorithm
  readonly publicJwk: PublicJwk
  /** Absent of one that was cut: nobody shall sign with it. */
  readonly material?: KeyMaterial
  /** cut: compromised, published no more, and never taken again while it is remembered. */
  readonly state: KeyState | 'cut'
  readonly createdAt: number
  readonly publishedAt: number
  /** The version of the ring in which it came into its state. */
  readonly stateIn: number
  /** When it began to sign. */
  readonly promotedAt?: number
  /** From when on it may go: its last token is dead. Of previous and cut ones. */
  readonly retiresAt?: number
}

/** Names the refresh token key to the vault. */
export const refreshTokenKeyName = 'refresh-token.key'

/** Marks that a trail has: more than rings are made while one maker makes one. */
export const trailLength = 64

/** Keys of one ring, those cut and not yet forgotten among them. */
const mostKeys = 40

export const currentOf = ({ keys }: Pick<Ring, 'keys'>, algorithm: Algorithm) =>
  keys.find((key) => key.algorithm === algorithm && key.state === 'current')

export const nextOf = ({ keys }: Pick<Ring, 'keys'>, algorithm: Algorithm) =>
  keys.find((key) => key.algorithm === algorithm && key.state === 'next')

/** The key of this id. Throws KeyFault. */
export function keyOf({ keys }: Ring, kid: string): RingKey {
  const key = keys.find((each) => each.kid === kid)
  if (key === undefined)
    throw new KeyFault(`there is no key ${kid}: \`latchkey keys list\` shows those there are`)
  return key
}

/** The ring that comes after this one. */
const after = (ring: Ring, keys: readonly RingKey[]): Ring => ({
  ...ring,
  version: ring.version + 1,
  keys,
})

/** Before the first key. */
export const emptyRing = (id: string, refreshTokenKey: SecretMaterial): Ring => ({
  id,
  version: 0,
  keys: [],
  refreshTokenKey,
})

/** Publishes more keys: each as next, or, being the first of its algorithm, as current. Throws KeyFault. */
export function stage(ring: Ring, fresh: readonly NewKey[], now: number): Ring {
  const keys = [...ring.keys]
  for (const key of fresh) keys.push(admitted(keys, key, now, ring.version + 1))
  return after(ring, keys)
}

function admitted(
  keys: readonly RingKey[],
  { material, publicJwk }: NewKey,
  now: number,
  stateIn: number,
): RingKey {
  const { kid, alg: algorithm } = publicJwk
  const known = keys.find((key) => key.kid === kid)
  if (known?.state === 'cut') throw new KeyFault(`${kid} was cut as compromised: make another key`)
  if (known) throw new KeyFault(`${kid} is in the ring already`)
  if (keys.length >= mostKeys)
    throw new KeyFault(`the ring has ${mostKeys} keys: \`latchkey keys retire\` some first`)
  if (nextOf({ keys }, algorithm))
    throw new KeyFault(`${algorithm} has a next key already: rotate to it, or retire it`)
  const key = {
    ...{ kid, algorithm, publicJwk, material },
    ...{ createdAt: now, publishedAt: now, stateIn },
  }
  return currentOf({ keys }, algorithm)
    ? { ...key, state: 'next' }
    : { ...key, state: 'current', promotedAt: now }
}

/** The next key signs from now on, and the one before it is published for `retention` seconds more. */
export function promote(ring: Ring, kid: string, now: number, retention: number): Ring {
  const { state } = keyOf(ring, kid)
  if (state !== 'next') throw new KeyFault(`${kid} is ${state}: only a next key can be promoted`)
  return after(ring, succeeded(ring.keys, kid, { now, retention, stateIn: ring.version + 1 }))
}

function succeeded(
  keys: readonly RingKey[],
  kid: string,
  at: { readonly now: number; readonly retention: number; readonly stateIn: number },
): RingKey[] {
  const { now, retention, stateIn } = at
  const algorithm = keys.find((key) => key.kid === kid)?.algorithm
  return keys.map((key) => {
    if (key.kid === kid) return { ...key, state: 'current', stateIn, promotedAt: now }
    if (key.algorithm !== algorithm || key.state !== 'current') return key
    return { ...key, state: 'previous', stateIn, retiresAt: now + retention * 1000 }
  })
}

/** The key is published no more, and forgotten. Throws KeyFault for one that signs for an API. */
export function retire(ring: Ring, kid: string, inUse: readonly Algorithm[]): Ring {
  const { algorithm, state } = keyOf(ring, kid)
  if (state === 'current' && inUse.includes(algorithm))
    throw new KeyFault(
      `${kid} is what signs with ${algorithm}: \`latchkey keys rotate\` first, or \`latchkey keys emergency\` where it is compromised`,
    )
  return after(
    ring,
    ring.keys.filter((key) => key.kid !== kid),
  )
}

/**
 * The key is compromised: out of the JWK Set at once, its private half forgotten, its kid remembered for
 * `retention` seconds. If it signed, the next key of its algorithm signs at once, or else `fresh`. Throws KeyFault.
 */
export function cut(
  ring: Ring,
  kid: string,
  fresh: NewKey | undefined,
  { now, retention }: { readonly now: number; readonly retention: number },
): Ring {
  const { algorithm, state } = keyOf(ring, kid)
  if (state === 'cut') throw new KeyFault(`${kid} is cut already`)
  const stateIn = ring.version + 1
  const keys = ring.keys.map((key): RingKey => {
    if (key.kid !== kid) return key
    const { material: _, ...rest } = key
    return { ...rest, state: 'cut', stateIn, retiresAt: now + retention * 1000 }
  })
  if (state !== 'current') return after(ring, keys)
  const next = nextOf(ring, algorithm)
  if (next) return after(ring, succeeded(keys, next.kid, { now, retention, stateIn }))
  if (!fresh)
    throw new KeyFault(`${algorithm} has no other key: one is needed before ${kid} is cut`)
  return after(ring, [...keys, admitted(keys, fresh, now, stateIn)])
}
