import { createHash, type JsonWebKey } from 'node:crypto'

/** RFC 7638 section 3.2, RFC 8037 section 2 and RFC 9964: the members that make a key, in lexicographic order. */
const members: Readonly<Record<string, readonly string[]>> = {
  AKP: ['alg', 'kty', 'pub'],
  EC: ['crv', 'kty', 'x', 'y'],
  OKP: ['crv', 'kty', 'x'],
  RSA: ['e', 'kty', 'n'],
}

/** RFC 7638 section 3: SHA-256 of the key's own members alone, base64url. */
export function thumbprint(jwk: JsonWebKey): string {
  const names = members[jwk.kty ?? '']
  if (!names) throw new TypeError(`no thumbprint is defined here for kty ${jwk.kty}`)
  const own = new Map(Object.entries(jwk))
  const canonical = JSON.stringify(Object.fromEntries(names.map((name) => [name, own.get(name)])))
  return createHash('sha256').update(canonical).digest('base64url')
}
