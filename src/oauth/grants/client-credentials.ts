import { decideAccess } from '../access.ts'
import { OAuthError } from '../error.ts'
import { factsOf } from '../request.ts'
import { readBinding } from './binding.ts'
import type { Grant } from './grant.ts'
import { issue } from './issue.ts'

/** RFC 6749 section 4.4: a confidential client gets a token for itself, and no refresh token. */
export const clientCredentials: Grant = {
  type: 'client_credentials',
  parameters: ['scope', 'resource'],
  async issue(ctx, client, parts) {
    if (client.public)
      throw new OAuthError('unauthorized_client', 'a confidential client is required')
    const access = decideAccess(client, parts.apis, factsOf(ctx).form)
    const binding = await readBinding(ctx, parts.state)
    await binding.spend()
    await issue(ctx, parts, { client, access, binding })
  },
}
