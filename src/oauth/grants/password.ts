import { randomId } from '../../tokens/random-id.ts'
import { decideAccess, limitToUser } from '../access.ts'
import { departure } from '../departure.ts'
import { OAuthError } from '../error.ts'
import { factsOf, parameter } from '../request.ts'
import { browserOf } from '../user-agent.ts'
import { readBinding } from './binding.ts'
import type { Grant } from './grant.ts'
import { issue } from './issue.ts'

/** A login without refresh tokens outlives its access token by the time it takes to issue it, in seconds. */
const margin = 60

/**
 * RFC 6749 section 4.3: name and password against a login. RFC 9700 section 2.4 says it must not
 * be used any more, so a client has it only where the configuration names it (ADR 0003).
 */
export const password: Grant = {
  type: 'password',
  parameters: ['username', 'password', 'scope', 'resource'],
  async issue(ctx, client, parts) {
    const facts = factsOf(ctx)
    const username = parameter(facts.form, 'username')
    const secret = parameter(facts.form, 'password')
    if (username === undefined || secret === undefined) {
      throw new OAuthError('invalid_request', 'username and password are required')
    }
    const asked = decideAccess(client, parts.apis, facts.form)
    const binding = await readBinding(ctx, parts.state)
    await binding.spend()

    const login = await parts.authenticate({
      username,
      password: secret,
      address: facts.address,
      client: client.id,
      // The key of a confidential client is no user's device: all its users come with the same one.
      ...(client.public && { device: binding.jkt ?? binding.x5t }),
      repeated: facts.presented?.repeated ?? false,
      signal: departure(ctx.res),
    })
    if ('refused' in login) {
      facts.audit = { reason: login.refused, ...(login.sub !== undefined && { sub: login.sub }) }
      if (login.refused === 'throttled') {
        if (login.budget !== undefined) facts.throttled = login.budget
        throw new OAuthError('temporarily_unavailable', 'too many attempts', {
          status: 429,
          retryAfter: login.retryAfter ?? 1,
        })
      }
      facts.wrong = true
      // RFC 6749 section 5.2: unknown, wrong and disabled are one answer.
      throw new OAuthError('invalid_grant', 'the username or password is wrong')
    }

    const { user } = login
    const access = limitToUser(asked, user.scopes)
    const refreshes = client.grants.includes('refresh_token')
    const accessLife = client.accessTokenLifetime ?? access.api.accessTokenLifetime
    const userAgent = browserOf(ctx.get('User-Agent'))
    const asOf = Math.floor(Date.now() / 1000)
    const family = await parts.state.openFamily({
      id: randomId(16),
      clientId: client.id,
      sub: user.id,
      username: user.username,
      scope: access.scopes.join(' '),
      audience: access.api.audience,
      amr: ['pwd'],
      authTime: asOf,
      address: facts.address,
      ...(user.claims && { claims: user.claims }),
      ...(userAgent !== undefined && { userAgent }),
      // RFC 9449 section 5, RFC 8705 section 4: refresh tokens of public clients are bound as well.
      ...(client.public && binding.jkt !== undefined && { jkt: binding.jkt }),
      ...(client.public && binding.x5t !== undefined && { x5t: binding.x5t }),
      idle: refreshes ? client.refresh.idle : accessLife + margin,
      absolute: refreshes ? client.refresh.absolute : accessLife + margin,
    })
    await issue(ctx, parts, {
      client,
      access,
      binding,
      family,
      asOf,
      ...(refreshes && { refreshGeneration: family.generation }),
    })
  },
}
