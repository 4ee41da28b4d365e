import type { State, TokenStanding } from '../state/state.ts'
import type { Standing } from '../users/standing.ts'

/** What decides whether an access token of ours, found genuine and unexpired, is still good. */
export interface AccessTokenFacts {
  readonly jti: string
  readonly sub: string
  readonly clientId: string
  /** Seconds since the epoch. */
  readonly issuedAt: number
  /** The family (claim sid); none for client_credentials. */
  readonly family?: string
  /** Whether its record is in the store (an opaque token), so that the store need not prove its age. */
  readonly stored?: true
}

/** Throws StateUnavailable or DirectoryUnavailable where it cannot tell. */
export type Liveness = (token: AccessTokenFacts) => Promise<TokenStanding>

/**
 * Live is: the login alive, the token not revoked, the user still in good standing; and, for a
 * token without a login, issued over the store's present contents, so that an emptied store fails
 * closed (ADR 0002).
 */
export function createLiveness(
  state: State,
  epoch: { readonly refresh: () => Promise<string> },
  standing: Standing,
): Liveness {
  return async (token) => {
    const found = await state.tokenStanding(token)
    if (!found.live) return found
    if (token.family === undefined) {
      if (token.stored === true) return found
      // Asked anew and last: a store that was emptied has forgotten which tokens were revoked.
      return token.jti.startsWith(`${await epoch.refresh()}.`) ? found : { live: false }
    }
    const { family } = found
    if (family === undefined) return { live: false }
    if (await standing(family.sub, family.createdAt)) return found
    // Ended, not only refused: letting the user in again must not bring an old login back.
    await state.endFamily(family.id)
    return { live: false }
  }
}

/** The facts in the claims of a verified access token; undefined when it cannot be one of ours. */
export function accessTokenFacts(
  claims: Readonly<Record<string, unknown>>,
): AccessTokenFacts | undefined {
  const { jti, sub, client_id: clientId, iat, sid } = claims
  if (typeof jti !== 'string' || typeof sub !== 'string') return undefined
  if (typeof clientId !== 'string' || typeof iat !== 'number') return undefined
  return {
    jti,
    sub,
    clientId,
    issuedAt: iat,
    ...(typeof sid === 'string' && { family: sid }),
  }
}
