/** JWS algorithms that may sign our tokens (RFC 7518 section 3.1, RFC 8037). */
export const algorithms = ['ES256', 'RS256', 'PS256', 'EdDSA'] as const
export type Algorithm = (typeof algorithms)[number]
