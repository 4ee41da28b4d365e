import { createPrivateKey, type JsonWebKey } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { TestKey } from './issuer.ts'
import type { Latchkey } from './latchkey.ts'

/** The key that a server signs with, to sign what it never would. */
export function serverKey({ folder }: Pick<Latchkey, 'folder'>, alg = 'ES256'): TestKey {
  const { kid, jwk }: { kid: string; jwk: JsonWebKey } = JSON.parse(
    readFileSync(join(folder, 'keys', `${alg}-1.json`), 'utf8'),
  )
  return { kid, alg, privateKey: createPrivateKey({ key: jwk, format: 'jwk' }), publicJwk: {} }
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
