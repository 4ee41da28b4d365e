import { createHash } from 'node:crypto'
import { type Adapter, type AdapterFactory, type AdapterPayload, Provider } from 'oidc-provider'
import type { KeySet } from '../keys/key-set.ts'
import type { Family, State } from '../state/state.ts'
import { accessTokenFacts, type Liveness } from '../tokens/liveness.ts'
import { parseRefreshToken } from '../tokens/refresh-token.ts'
import { factsOf, type KnownToken } from './request.ts'
import { recordOf } from './structured-tokens.ts'

export interface StorageParts {
  readonly state: State
  readonly keys: KeySet
  readonly liveness: Liveness
}

/** The engine's models on top of our state. Tokens are stored under digests: the store holds nothing that can be presented. */
export const createStorage =
  (parts: StorageParts): AdapterFactory =>
  (model) => {
    if (model === 'AccessToken' || model === 'ClientCredentials') return accessTokens(model, parts)
    if (model === 'RefreshToken') return refreshTokens(parts)
    // Clients come from the configuration; other models belong to grants that are not switched on.
    return unused
  }

/** How long after its exp a revoked jti is remembered, for resource servers with slow clocks, in seconds. */
const skew = 60

function accessTokens(model: KnownToken['kind'], { state, liveness }: StorageParts): Adapter {
  return {
    ...unused,
    // The engine would look for a Grant; the login is ours, and stands in extra.sid.
    async upsert(id, { jti: _jti, grantId: _grantId, ...record }, expiresIn = 1) {
      await state.save('access-token', digest(id), record, expiresIn)
    },
    async find(id) {
      const known = presented(id)
      const record = known === undefined ? await stored(state, id) : recordOf(known)
      if (record === undefined && isRevocation() && opaque.test(id)) {
        await state.remove('access-token', digest(id))
      }
      if (record?.kind !== model) return undefined
      // Dead or not, it is revoked: see below.
      if (isRevocation()) return { ...record, ...atAnyTime }
      const facts = accessTokenFacts({
        jti: known === undefined ? digest(id) : record.jti,
        sub: record.accountId ?? record.clientId,
        client_id: record.clientId,
        iat: record.iat,
        sid: record.extra?.sid,
      })
      if (facts === undefined) return undefined
      const verdict = await liveness(known === undefined ? { ...facts, stored: true } : facts)
      if (!verdict.live) return undefined
      const login = verdict.family && { username: verdict.family.username }
      return { ...record, extra: { ...record.extra, ...login } }
    },
    async destroy(id) {
      const known = presented(id)
      if (known === undefined) {
        await state.remove('access-token', digest(id))
        return audit({ format: 'opaque' })
      }
      const { jti, iat, exp, sid } = known.claims
      if (typeof jti !== 'string' || typeof iat !== 'number' || typeof exp !== 'number') return
      // A clock that is ahead must not make the token's remaining life short: all of it, at least.
      const left = Math.max(exp - iat, exp - Math.floor(Date.now() / 1000))
      await state.revokeToken(jti, left + skew)
      audit({ jti, family: sid })
    },
  }
}

function refreshTokens({ state, keys, liveness }: StorageParts): Adapter {
  /** The login as an access token of it would be judged: the user may be disabled by now. */
  const isLive = async ({ id: family, sub, clientId, createdAt }: Family) => {
    const issuedAt = Math.floor(createdAt / 1000)
    return (await liveness({ jti: family, sub, clientId, issuedAt, family })).live
  }

  return {
    ...unused,
    async find(value) {
      const token = parseRefreshToken(value, keys.refreshTokenKey)
      if (token === undefined) return undefined
      const family = await state.findFamily(token.family)
      if (family === undefined) {
        if (isRevocation()) await state.endFamily(token.family)
        return undefined
      }
      // A spent generation is still the family's: revoking it ends the login (RFC 7009 section 2.1).
      if (!isRevocation()) {
        const current = token.generation === family.generation
        if (!current || !(await isLive(family))) return undefined
      }
      return {
        kind: 'RefreshToken',
        jti: value,
        clientId: family.clientId,
        accountId: family.sub,
        scope: family.scope,
        ...(family.jkt !== undefined && { jkt: family.jkt }),
        ...(family.x5t !== undefined && { 'x5t#S256': family.x5t }),
        iat: family.authTime,
        // Rounded up: until then the family itself says whether it is alive.
        exp: Math.ceil(Math.min(family.idleExpiresAt, family.expiresAt) / 1000),
        ...(isRevocation() && atAnyTime),
      }
    },
    async destroy(value) {
      const token = parseRefreshToken(value, keys.refreshTokenKey)
      if (token === undefined) return
      await state.endFamily(token.family)
      audit({ family: token.family })
    },
  }
}

const unused: Adapter = {
  upsert: async () => {
    throw new Error('this model of the engine is not in use')
  },
  find: async () => undefined,
  findByUserCode: async () => undefined,
  findByUid: async () => undefined,
  consume: async () => {
    throw new Error('this model of the engine is not in use')
  },
  destroy: async () => undefined,
  // Revoking an access token ends that token alone; ending a login is the refresh token's destroy.
  revokeByGrantId: async () => undefined,
}

/**
 * What is dead already is ended once more where it is to be revoked: it may be dead on a master whose
 * replicas have not heard of it, and alive again after a failover. Only what ends is waited for.
 */
const isRevocation = (): boolean => Provider.ctx?.oidc.route === 'revocation'

/** The engine does not find what this machine's clock calls expired, and answers 200 for what is not found. */
const atAnyTime = { iat: undefined, exp: undefined } as const

/** How an opaque access token is written (grants/issue.ts). */
const opaque = /^[\w-]{43}$/

const presented = (id: string): KnownToken | undefined => {
  const token = Provider.ctx && factsOf(Provider.ctx).token
  return token?.handle === id || token?.claims.jti === id ? token : undefined
}

/** For the audit line of this request: something was revoked. */
function audit(facts: Record<string, unknown>): void {
  if (Provider.ctx) factsOf(Provider.ctx).audit = { event: 'token.revoked', ...facts }
}

async function stored(state: State, id: string): Promise<AdapterPayload | undefined> {
  const record = await state.find('access-token', digest(id))
  return record && { ...record, jti: id }
}

const digest = (token: string): string => createHash('sha256').update(token).digest('base64url')
