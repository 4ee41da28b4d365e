import { createPrivateKey, type JsonWebKey } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { TestKey } from './issuer.ts'
import type { Latchkey } from './latchkey.ts'

interface Kept {
  readonly jwk: JsonWebKey
}

/** The key that a server signs with, to sign what it never would. */
export function serverKey({ folder }: Pick<Latchkey, 'folder'>, alg = 'ES256'): TestKey {
  const keys = join(folder, 'keys')
  const newest = readdirSync(keys)
    .filter((name) => /^ring\.\d+\.json$/.test(name))
    .sort((one, other) => Number(other.split('.')[1]) - Number(one.split('.')[1]))[0]
  const ring: { keys: { kid: string; algorithm: string; state: string; material: Kept }[] } =
    JSON.parse(readFileSync(join(keys, newest ?? 'no ring'), 'utf8'))
  const found = ring.keys.find((key) => key.algorithm === alg && key.state === 'current')
  if (!found) throw new Error(`no key signs with ${alg}`)
  const privateKey = createPrivateKey({ key: found.material.jwk, format: 'jwk' })
  return { kid: found.kid, alg, privateKey, publicJwk: {} }
}

/** Header and claims of a compact JWS, nothing verified. */
export function decodeJws(jws: string) {
  const [header, claims] = jws
    .split('.')
    .slice(0, 2)
    .map((part) => JSON.parse(Buffer.from(part, 'base64url').toString()))
  return { header, claims } as {
    readonly header: Record<string, unknown>
    readonly claims: Record<string, unknown>
  }
}
