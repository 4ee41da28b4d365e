/** JWS algorithms that may sign our tokens (RFC 7518 section 3.1, RFC 8037, RFC 9964). */
export const algorithms = [
  'ES256',
  'ES384',
  'RS256',
  'PS256',
  'EdDSA',
  'ML-DSA-44',
  'ML-DSA-65',
] as const
export type Algorithm = (typeof algorithms)[number]
