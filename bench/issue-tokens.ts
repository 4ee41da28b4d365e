import { generateKeyPairSync, randomBytes, randomUUID, sign } from 'node:crypto'

export interface TokenIssuer {
  readonly tokens: readonly string[]
  /** For a verifier. */
  readonly jwks: { readonly keys: object[] }
}

/** Access tokens as the server issues them, each of another user's login, without its having to. */
export function issueTokens(issuer: string, audience: string, count: number): TokenIssuer {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const key = { ...publicKey.export({ format: 'jwk' }), kid: 'bench', alg: 'ES256', use: 'sig' }
  const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const header = encode({ alg: 'ES256', typ: 'at+jwt', kid: key.kid })
  const iat = Math.floor(Date.now() / 1000)
  const tokens = Array.from({ length: count }, () => {
    const [jti, sid] = [randomBytes(16), randomBytes(16)].map((id) => id.toString('base64url'))
    const claims = {
      ...{ iss: issuer, aud: audience, client_id: 'web', sub: randomUUID(), iat, exp: iat + 3600 },
      ...{ jti, sid, scope: 'read write', auth_time: iat, amr: ['pwd'] },
    }
    const signed = `${header}.${encode(claims)}`
    const signature = sign('sha256', Buffer.from(signed), {
      key: privateKey,
      dsaEncoding: 'ieee-p1363',
    })
    return `${signed}.${signature.toString('base64url')}`
  })
  return { tokens, jwks: { keys: [key] } }
}
