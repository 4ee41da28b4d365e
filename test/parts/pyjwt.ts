import { spawnSync } from 'node:child_process'

export interface JwtsToVerify {
  readonly issuer: string
  /** A JWK Set of keys that PyJWT knows. */
  readonly jwks: object
  readonly tokens: readonly {
    readonly jwt: string
    readonly algorithm: string
    readonly audience: string
  }[]
}

const script = new URL('verify_jwts.py', import.meta.url).pathname

/** The claims of each, as PyJWT and python-cryptography verified it. Throws what Python says. */
export function pyjwt(ask: JwtsToVerify): unknown[] {
  const input = JSON.stringify(ask)
  const { status, stdout, stderr } = spawnSync('/usr/bin/python3', [script], { input })
  if (status !== 0) throw new Error(`PyJWT refused it: ${stderr}`)
  return JSON.parse(stdout.toString())
}
