/** Where a server has its documents, below its URL, and what it asks of the client that logs users in. */
export interface Manner {
  readonly jwks: string
  readonly metadata: string
  /** Logins are for clients with a secret, and who logged in introspects: nobody else is told about the token. */
  readonly confidential: boolean
}

export const usual: Manner = {
  jwks: '/.well-known/jwks.json',
  metadata: '/.well-known/oauth-authorization-server',
  confidential: false,
}
