import type { Approach, Budget, Settlement, Spending } from './budget.ts'
import type { KeyRecords } from './key-records.ts'

/**
 * What the server remembers, in the words of the protocol. Positive state: a token is live because
 * its record is there, so a store that lost its records fails closed (ADR 0002).
 *
 * Every method is one atomic step. Times are milliseconds since the epoch by the store's own clock
 * (Redis TIME; the machine's clock for SQLite); durations are seconds. Every method throws
 * StateUnavailable when the outcome is unknown: the caller answers 503, never invalid_grant.
 */
export interface State extends KeyRecords {
  /** Identifies the lifetime of this store's contents: another value means the old contents are gone. */
  epoch(): Promise<string>

  /** Opens a family for one login. Its generation starts at 1. */
  openFamily(family: NewFamily): Promise<Family>
  /**
   * The family, if it is alive: not ended, not past its idle or absolute lifetime, not cut off. Who is
   * going to rotate it may say so: then a store may leave it to the rotation to look at cut-offs.
   */
  findFamily(id: string, next?: 'rotate'): Promise<Family | undefined>
  /** Spends one refresh generation (RFC 9700 section 4.14.2). */
  rotate(rotation: Rotation): Promise<RotationOutcome>
  /** Ends a family: idempotent; durable when it resolves. */
  endFamily(id: string): Promise<void>
  /** Live families of one user, newest first, at most `limit`. */
  familiesOf(sub: string, limit: number): Promise<Family[]>

  /** Revokes one access token by its jti. The record is kept for `ttl` seconds, the token's remaining life. */
  revokeToken(jti: string, ttl: number): Promise<void>
  /** The access token is live: not revoked by jti, its family (if any) alive and its own, no cut-off after its issue. */
  tokenStanding(token: TokenReference): Promise<TokenStanding>
  /** Everything of the target issued at or before `at` (now, if left out; never later than now) is dead. */
  cutOff(target: CutOffTarget, at?: number): Promise<void>

  /** Where the log of revocations ends. */
  revocationLog(): Promise<RevocationLog>
  /**
   * At most `limit` entries after `position`, the oldest first; from the first one kept, if it is
   * ''. Whatever ends before its time is logged no later than it ends: what was acknowledged is there.
   */
  revocationsAfter(position: string, limit: number): Promise<RevocationPage>

  /**
   * Gives an access token its serial among those of its client: it rises, and is never given twice.
   * Known under family, user and client for as long as the log keeps a revocation.
   */
  allocateStatus(bearer: StatusBearer): Promise<number>
  /** The serials of what a revocation of the log ends, dead ones among them. */
  statusesOf(end: StatusEnd): Promise<readonly StatusSpan[]>

  /** Keeps a record of the engine's (an opaque access token, say) for `ttl` seconds. */
  save(kind: string, id: string, record: StoredRecord, ttl: number): Promise<void>
  find(kind: string, id: string): Promise<StoredRecord | undefined>
  remove(kind: string, id: string): Promise<void>
  /** True for the first caller to name this id within `ttl` seconds, false for every other (jti replay). */
  once(id: string, ttl: number): Promise<boolean>

  /**
   * Takes one from each budget, or, when one is exhausted, takes from none. Where an origin is known,
   * its own budget is all that is asked. Each budget is named once.
   */
  spend(budgets: readonly Budget[], from?: Approach): Promise<Spending>
  /** Says what became of it. What is never settled stays spent. */
  settle(settlement: Settlement): Promise<void>

  /** Resolves when the store answers and may be trusted to keep what it is told. */
  check(): Promise<void>
  close(): Promise<void>
}

export type StoredRecord = Readonly<Record<string, unknown>>

/** What a login fixed once and for all. */
export interface FamilyFacts {
  /** At least 128 random bits, base64url. */
  readonly id: string
  readonly clientId: string
  readonly sub: string
  readonly username: string
  /** Space-separated, in a stable order. */
  readonly scope: string
  /** The API (resource indicator) this login is for. */
  readonly audience: string
  readonly amr: readonly string[]
  /** Seconds since the epoch, as the claim auth_time. */
  readonly authTime: number
  /** DPoP key thumbprint (RFC 9449 section 5) or certificate thumbprint (RFC 8705 section 4) it is bound to. */
  readonly jkt?: string
  readonly x5t?: string
  /** Claims about the user that go into this family's access tokens. */
  readonly claims?: Readonly<Record<string, unknown>>
  readonly address?: string
  readonly userAgent?: string
}

export interface NewFamily extends FamilyFacts {
  /** Seconds without a rotation after which it is dead. */
  readonly idle: number
  /** Seconds after which it is dead whatever happens; 400 days at most, as long as a cut-off is kept. */
  readonly absolute: number
}

export interface Family extends FamilyFacts {
  /** The refresh generation that may be presented next. */
  readonly generation: number
  readonly createdAt: number
  readonly lastUsedAt: number
  readonly idleExpiresAt: number
  readonly expiresAt: number
}

export interface Rotation {
  readonly family: string
  readonly presented: number
  /** Seconds during which the parent of the current, still unused generation gets the same successor; 0 = never. */
  readonly grace: number
  readonly idle: number
  /** One value per request, 64 random bits: a command that was sent twice gets its first answer. */
  readonly nonce: string
  /** Whose it was when it was found: lets a store look at cut-offs at the same time, not after. */
  readonly owner?: Pick<FamilyFacts, 'sub' | 'clientId'>
}

/**
 * rotated: `generation` is the successor. retried: the same successor once more.
 * reused: an older (or impossible) generation came back and the family has been ended.
 * gone: there is no such family alive.
 */
export type RotationOutcome =
  | {
      readonly outcome: 'rotated' | 'retried'
      readonly generation: number
      readonly family: Family
    }
  | { readonly outcome: 'reused' | 'gone' }

export interface TokenReference {
  readonly jti: string
  readonly family?: string
  readonly sub: string
  readonly clientId: string
  /** Seconds since the epoch, as the claim iat. */
  readonly issuedAt: number
}

export type TokenStanding =
  | { readonly live: false }
  | { readonly live: true; readonly family?: Family }

/**
 * Something that ended before its time, for those who judge tokens by themselves (ADR 0007). A store
 * is born with an entry for everything: no token from before it has a record here.
 */
export interface Revocation {
  /** `<epoch>.<number>`: rises within one epoch, and is never given twice. */
  readonly position: string
  readonly kind: 'token' | 'family' | 'user' | 'client' | 'key' | 'everything'
  /** jti, family id, sub, client id or kid; '' for everything. */
  readonly target: string
  /** Milliseconds since the epoch. Of a user, a client or everything, what was issued at or before it is dead. */
  readonly at: number
}

export interface RevocationLog {
  /** The position of the last entry; also of a log without entries, one to go on from. */
  readonly end: string
  readonly length: number
}

/** gone: the log has no such position, being another (epoch), or without it (trimmed, failed over): start over. */
export type RevocationPage =
  | { readonly gone: true }
  | { readonly gone: false; readonly entries: readonly Revocation[]; readonly complete: boolean }

/** Whose access token is to have a status in a list. */
export interface StatusBearer {
  readonly clientId: string
  readonly sub: string
  readonly family?: Pick<Family, 'id' | 'createdAt'>
}

/**
 * family: all of it. user: of logins (or, without one, of tokens) from `at` or before. client: what was
 * issued up to the end of the second `at`. Milliseconds since the epoch.
 */
export interface StatusEnd {
  readonly kind: 'family' | 'user' | 'client'
  readonly target: string
  readonly at: number
}

/** Serials of a client's tokens, both ends included. */
export interface StatusSpan {
  readonly clientId: string
  readonly first: number
  readonly last: number
}

export type CutOffTarget =
  | { readonly kind: 'user'; readonly sub: string }
  | { readonly kind: 'client'; readonly clientId: string }
  | { readonly kind: 'everything' }

/** Who is cut off: sub or client id; '' for everything. */
export function nameOf(target: CutOffTarget): string {
  switch (target.kind) {
    case 'everything':
      return ''
    case 'client':
      return target.clientId
    case 'user':
      return target.sub
  }
}

/** Whether the family is the login of the token's user and client: no token may borrow another's. */
export const isOf = (token: TokenReference, family: Family): boolean =>
  family.sub === token.sub && family.clientId === token.clientId

/** The store did not answer, or not in time: what was asked may or may not have happened. */
export class StateUnavailable extends Error {
  override readonly name = 'StateUnavailable'
}

/** Where a store tells the operator what it cannot tell a caller. Messages hold nothing secret. */
export type StateLog = (level: 'info' | 'warn', message: string) => void
