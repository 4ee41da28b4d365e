import type { Algorithm } from '../keys/algorithms.ts'

/** A resource server that tokens are for (RFC 8707). Scopes stand in the order in which tokens name them. */
export interface Api {
  readonly audience: string
  readonly scopes: readonly string[]
  /** Seconds. */
  readonly accessTokenLifetime: number
  readonly format: 'jwt' | 'opaque'
  readonly algorithm: Algorithm
  /** Whether its tokens are good for GET /users/me. */
  readonly profile: boolean
  /** Whether its tokens have a place in a status list. */
  readonly statusList: boolean
}
