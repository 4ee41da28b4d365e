import { randomId } from '../../tokens/random-id.ts'
import { parseRefreshToken } from '../../tokens/refresh-token.ts'
import { limitToUser, narrowAccess } from '../access.ts'
import { OAuthError } from '../error.ts'
import { factsOf, parameter } from '../request.ts'
import { readBinding } from './binding.ts'
import type { Grant } from './grant.ts'
import { issue } from './issue.ts'

/** RFC 6749 section 6, with the rotation of RFC 9700 section 4.14.2. Whatever can be refused is refused before anything is spent. */
export const refreshToken: Grant = {
  type: 'refresh_token',
  parameters: ['refresh_token', 'scope', 'resource'],
  async issue(ctx, client, parts) {
    const facts = factsOf(ctx)
    const presented = parameter(facts.form, 'refresh_token')
    if (presented === undefined)
      throw new OAuthError('invalid_request', 'refresh_token is required')
    const token = parseRefreshToken(presented, parts.keys.refreshTokenKey)
    if (token === undefined) throw dead('malformed')

    const family = await parts.state.findFamily(token.family, 'rotate')
    if (family === undefined) {
      // Once more, so that replicas know: a client that is refused must not see its login come back.
      await parts.state.endFamily(token.family)
      throw dead('gone')
    }
    facts.audit = { family: family.id, sub: family.sub }
    if (family.clientId !== client.id) throw dead('issued to another client')
    const access = narrowAccess(family, parts.apis, facts.form)
    const binding = await readBinding(ctx, parts.state)
    if (family.jkt !== undefined && family.jkt !== binding.jkt) throw dead('bound to another key')
    if (family.x5t !== undefined && family.x5t !== binding.x5t)
      throw dead('bound to another certificate')

    const user = await parts.users.findById(family.sub)
    const changed = user?.passwordChangedAt
    if (
      user === undefined ||
      user.disabled ||
      (changed !== undefined && changed > family.createdAt)
    ) {
      await parts.state.endFamily(family.id)
      throw dead(
        user === undefined ? 'user gone' : user.disabled ? 'user disabled' : 'password changed',
      )
    }
    const limited = limitToUser(access, user.scopes)
    await binding.spend()

    const asOf = Math.floor(Date.now() / 1000)
    const rotation = await parts.state.rotate({
      family: family.id,
      presented: token.generation,
      grace: client.refresh.grace,
      idle: client.refresh.idle,
      nonce: randomId(9),
      owner: family,
    })
    if (!('family' in rotation)) throw dead(rotation.outcome)
    facts.audit.rotation = rotation.outcome
    // Roles change: a token says what the directory says now, not what it said at the login.
    const { claims: _, ...login } = rotation.family
    await issue(ctx, parts, {
      client,
      access: limited,
      binding,
      family: { ...login, ...(user.claims && { claims: user.claims }) },
      asOf,
      refreshGeneration: rotation.generation,
    })
  },
}

/** One answer for every dead token; the reason is for our log. */
const dead = (reason: string): OAuthError =>
  new OAuthError('invalid_grant', 'the refresh token is not valid', { cause: new Error(reason) })
