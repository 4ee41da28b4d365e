import { createHmac, type KeyObject, timingSafeEqual } from 'node:crypto'

/** What a refresh token says, once its MAC has been checked. */
export interface RefreshTokenParts {
  readonly family: string
  readonly generation: number
}

const shape = /^([A-Za-z0-9_-]{22})\.([1-9][0-9]{0,8})\.([A-Za-z0-9_-]{43})$/

/**
 * `<family>.<generation>.<mac>`: the store knows family and generation, the key never leaves the
 * process, so nothing that is stored can be presented (RFC 6819 section 5.1.4.1), and the
 * successor of a generation is the same however often it is minted (ADR 0002).
 */
export function mintRefreshToken(
  { family, generation }: RefreshTokenParts,
  key: KeyObject,
): string {
  const body = `${family}.${generation}`
  return `${body}.${mac(body, key).toString('base64url')}`
}

/** Whether a string is written like a refresh token, genuine or not. */
export const looksLikeRefreshToken = (token: string): boolean => shape.test(token)

/** The parts of a token of ours; undefined for every other string. No I/O before this (RFC 6749 section 10.4). */
export function parseRefreshToken(token: string, key: KeyObject): RefreshTokenParts | undefined {
  const [, family, generation, tag] = shape.exec(token) ?? []
  if (family === undefined || generation === undefined || tag === undefined) return undefined
  const presented = Buffer.from(tag, 'base64url')
  // 43 characters carry 258 bits: the spare two must be zero, or one token would have four spellings.
  if (presented.toString('base64url') !== tag) return undefined
  if (!timingSafeEqual(presented, mac(`${family}.${generation}`, key))) return undefined
  return { family, generation: Number(generation) }
}

const mac = (body: string, key: KeyObject): Buffer =>
  createHmac('sha256', key).update(`latchkey refresh token ${body}`).digest()
