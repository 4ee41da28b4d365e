import * as z from 'zod'
import { algorithms } from './algorithms.ts'
import { KeyFault } from './key-fault.ts'
import { type Ring, trailLength } from './ring.ts'

const instant = z.number().int().min(0)
const sealed = z.strictObject({ sealed: z.string().min(1) })

const key = z.strictObject({
  kid: z.string().min(1).max(255),
  algorithm: z.enum(algorithms),
  publicJwk: z.looseObject({
    kid: z.string(),
    kty: z.string(),
    alg: z.enum(algorithms),
    use: z.literal('sig'),
  }),
  material: z
    .union([
      z.strictObject({ jwk: z.record(z.string(), z.unknown()) }),
      sealed,
      z.strictObject({ device: z.string().min(1) }),
    ])
    .optional(),
  state: z.enum(['next', 'current', 'previous', 'cut']),
  createdAt: instant,
  publishedAt: instant,
  stateIn: z.number().int().min(1),
  promotedAt: instant.optional(),
  retiresAt: instant.optional(),
})

const document = z.strictObject({
  id: z.string().min(1),
  version: z.number().int().min(1),
  trail: z.array(z.string().min(1)).max(trailLength).optional(),
  keys: z.array(key),
  refreshTokenKey: z.union([z.strictObject({ plain: z.string().min(1) }), sealed]),
})

export const writeRing = (ring: Ring): string => `${JSON.stringify(ring, undefined, 2)}\n`

/** The ring in a text from `place`. Throws KeyFault for anything that is not one whole ring. */
export function readRing(text: string, place: string): Ring {
  const ring = contents(text, place)
  const kids = new Set<string>()
  const slots = new Set<string>()
  for (const { kid, algorithm, state, publicJwk, material } of ring.keys) {
    const spoiled = (what: string) => new KeyFault(`${place} holds ${what}: ${remedy}`)
    // RFC 7517 section 4.5: the kids of a set should be distinct.
    if (kids.has(kid)) throw spoiled(`the key ${kid} twice`)
    if (publicJwk.kid !== kid || publicJwk.alg !== algorithm)
      throw spoiled(`a public key that is not ${kid}`)
    if ((state === 'cut') !== (material === undefined))
      throw spoiled(`${kid}, which is ${state}, ${material ? 'with' : 'without'} its private half`)
    const slot = `${algorithm} ${state}`
    if ((state === 'current' || state === 'next') && slots.has(slot))
      throw spoiled(`two ${state} keys for ${algorithm}`)
    kids.add(kid)
    slots.add(slot)
  }
  return ring
}

const remedy = 'put it back from a backup'

function contents(text: string, place: string): Ring {
  try {
    return document.parse(JSON.parse(text), { jitless: true }) as Ring
  } catch {
    // The cause stays out: JSON.parse quotes the text it stumbled on, here perhaps a private key.
    throw new KeyFault(`${place} is truncated or no ring of keys: ${remedy}`)
  }
}
