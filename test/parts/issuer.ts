import { generateKeyPairSync, type KeyObject, randomUUID, sign } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { JWK } from 'jose'
import { listen } from './listen.ts'

export interface TestKey {
  readonly kid: string
  readonly alg: string
  readonly privateKey: KeyObject
  readonly publicJwk: JWK
}

const pairs: Readonly<Record<string, () => { publicKey: KeyObject; privateKey: KeyObject }>> = {
  ES256: () => generateKeyPairSync('ec', { namedCurve: 'P-256' }),
  RS256: () => generateKeyPairSync('rsa', { modulusLength: 2048 }),
  PS256: () => generateKeyPairSync('rsa', { modulusLength: 2048 }),
  EdDSA: () => generateKeyPairSync('ed25519'),
}

export function makeKey(alg = 'ES256', kid: string = randomUUID()): TestKey {
  const pair = pairs[alg]?.()
  if (!pair) throw new Error(`no key for ${alg}`)
  const publicJwk = { ...pair.publicKey.export({ format: 'jwk' }), kid, alg, use: 'sig' } as JWK
  return { kid, alg, privateKey: pair.privateKey, publicJwk }
}

type Part = string | Uint8Array | object

const encode = (part: Part) =>
  (typeof part === 'string' || part instanceof Uint8Array
    ? Buffer.from(part)
    : Buffer.from(JSON.stringify(part))
  ).toString('base64url')

/** A compact JWS of anything, rightly signed: objects as JSON, strings and bytes as they are. */
export function signCompact(header: Part, payload: Part, { alg, privateKey }: TestKey): string {
  const input = `${encode(header)}.${encode(payload)}`
  const hash = alg === 'EdDSA' ? null : 'sha256'
  const signature = sign(hash, Buffer.from(input), {
    key: privateKey,
    ...(alg.startsWith('ES') && { dsaEncoding: 'ieee-p1363' as const }),
    ...(alg.startsWith('PS') && { padding: 6, saltLength: 32 }),
  })
  return `${input}.${signature.toString('base64url')}`
}

/** The claims of a good access token for `https://api.example`. */
export function goodClaims(issuer: string) {
  const now = Math.floor(Date.now() / 1000)
  return {
    iss: issuer,
    sub: 'johndoe',
    aud: 'https://api.example',
    client_id: 'demo-app',
    jti: randomUUID(),
    iat: now,
    exp: now + 300,
    scope: 'me items',
  }
}

/** The public half of an authorization server: metadata and JWK Set over HTTP, both for the test to change. */
export interface TestIssuer {
  readonly url: string
  readonly jwksUrl: URL
  /** Path of each request so far. */
  readonly requests: readonly string[]
  /** What /jwks answers. */
  keys: JWK[]
  /** Answers instead of the documents while it is set. */
  instead: ((request: IncomingMessage, response: ServerResponse) => void) | undefined
  metadata: Record<string, unknown>
  close(): Promise<void>
}

export async function startIssuer(keys: readonly TestKey[], path = ''): Promise<TestIssuer> {
  const requests: string[] = []
  const server = createServer((request, response) => {
    requests.push(request.url ?? '')
    if (issuer.instead) return issuer.instead(request, response)
    const documents: Record<string, object> = {
      [`/.well-known/oauth-authorization-server${path}`]: issuer.metadata,
      [`${path}/jwks`]: { keys: issuer.keys },
    }
    const document = documents[request.url ?? '']
    response.writeHead(document ? 200 : 404, { 'content-type': 'application/json' })
    response.end(JSON.stringify(document ?? {}))
  })
  const { url: origin, close } = await listen(server)
  const url = origin + path
  const issuer: TestIssuer = {
    url,
    jwksUrl: new URL(`${url}/jwks`),
    requests,
    keys: keys.map(({ publicJwk }) => publicJwk),
    instead: undefined,
    metadata: { issuer: url, jwks_uri: `${url}/jwks` },
    close,
  }
  return issuer
}
