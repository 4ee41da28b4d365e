import type { TokenEndpointGrantContext } from 'oidc-provider'
import type { Client } from '../../clients/client.ts'
import type { KeySet } from '../../keys/key-set.ts'
import type { State } from '../../state/state.ts'
import type { Api } from '../../tokens/api.ts'
import type { Authenticate } from '../../users/authenticate.ts'
import type { Directory } from '../../users/directory.ts'

/** What grants work with; built once, in service.ts. */
export interface GrantParts {
  readonly state: State
  readonly keys: KeySet
  readonly apis: readonly Api[]
  readonly users: Directory
  readonly authenticate: Authenticate
  /** Lifetime of the store's contents, which tokens without a family carry in their jti. */
  readonly epoch: () => string
}

export type GrantContext = TokenEndpointGrantContext

/** One way to a token (RFC 6749 section 4). A new grant is one file, and one line in index.ts. */
export interface Grant {
  readonly type: string
  readonly parameters: readonly string[]
  /** Answers into `ctx.body`; the client is authenticated and may use the grant. Throws OAuthError. */
  issue(ctx: GrantContext, client: Client, parts: GrantParts): Promise<void>
}
