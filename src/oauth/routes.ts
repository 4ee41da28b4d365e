/** Paths of the endpoints, below the issuer. */
export const routes = {
  token: '/token',
  revocation: '/revoke',
  introspection: '/introspect',
  jwks: '/.well-known/jwks.json',
  authorization: '/authorize',
} as const
