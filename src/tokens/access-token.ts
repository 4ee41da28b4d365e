import type { SigningKey } from '../keys/key-set.ts'

/** What an access token says, besides what it says of the user. */
export interface NewAccessToken {
  readonly issuer: string
  readonly audience: string
  readonly subject: string
  readonly clientId: string
  readonly jti: string
  /** Space-separated; '' for none. */
  readonly scope: string
  /** Seconds since 1970. */
  readonly issuedAt: number
  /** Seconds, from then. */
  readonly lifetime: number
  /** Thumbprints of the key (RFC 9449 section 6.1) and the certificate (RFC 8705 section 3.1) it is bound to. */
  readonly jkt?: string | undefined
  readonly x5t?: string | undefined
}

/**
 * A JWT access token (RFC 9068 section 2). `extra` are claims about the user and the login; none of
 * them takes the place of one of the protocol's.
 */
export async function mintAccessToken(
  token: NewAccessToken,
  extra: Readonly<Record<string, unknown>>,
  key: SigningKey,
): Promise<string> {
  const claims = {
    ...extra,
    jti: token.jti,
    sub: token.subject,
    iat: token.issuedAt,
    exp: token.issuedAt + token.lifetime,
    scope: token.scope === '' ? undefined : token.scope,
    client_id: token.clientId,
    iss: token.issuer,
    aud: token.audience,
    cnf: confirmation(token),
  }
  const input = `${header(key)}.${encode(claims)}`
  const signature = await key.signToken(Buffer.from(input))
  return `${input}.${signature.toString('base64url')}`
}

/** RFC 7800 section 3.1. */
const confirmation = ({ jkt, x5t }: NewAccessToken) =>
  jkt === undefined && x5t === undefined ? undefined : { 'x5t#S256': x5t, jkt }

const headers = new WeakMap<SigningKey, string>()

/** The same for every token of a key. */
function header(key: SigningKey): string {
  const known = headers.get(key)
  if (known !== undefined) return known
  const made = encode({ alg: key.algorithm, typ: 'at+jwt', kid: key.kid })
  headers.set(key, made)
  return made
}

const encode = (part: object): string => Buffer.from(JSON.stringify(part)).toString('base64url')
