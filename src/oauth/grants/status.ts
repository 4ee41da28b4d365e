import type { Client } from '../../clients/client.ts'
import type { Family } from '../../state/state.ts'
import { type StatusPlace, statusPlace } from '../../tokens/status/place.ts'
import { OAuthError } from '../error.ts'
import type { GrantParts } from './grant.ts'

/**
 * The place of a token about to be issued. The login is looked at once more after the place is
 * known: whoever ends it from now on finds the place, and nobody did so before.
 */
export async function takePlace(
  { state, keys }: Pick<GrantParts, 'state' | 'keys'>,
  client: Pick<Client, 'id'>,
  family: Family | undefined,
): Promise<StatusPlace> {
  const sub = family?.sub ?? client.id
  const serial = await state.allocateStatus({ clientId: client.id, sub, ...(family && { family }) })
  if (family !== undefined && (await state.findFamily(family.id)) === undefined) {
    throw new OAuthError('invalid_grant', 'the login has ended')
  }
  return statusPlace(client.id, serial, keys.refreshTokenKey)
}
