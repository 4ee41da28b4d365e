import type { Family, Revocation, State } from '../state/state.ts'

/** Something to be ended, by its name: a token's jti, a login's id, a sub, a client id. */
export interface Ending {
  readonly kind: Exclude<Revocation['kind'], 'key'>
  /** '' for everything. */
  readonly target: string
  /** Milliseconds since the epoch: what was issued later lives on. For user, client and everything; now, if left out. */
  readonly before?: number
}

/** An order that cannot be meant; its message is for whoever gave it. */
export class UnclearEnding extends Error {
  override readonly name = 'UnclearEnding'
}

const kinds = ['token', 'family', 'user', 'client', 'everything'] as const

/**
 * Reads `{ user: SUB, before: "2026-11-21T10:00:00Z" }` and the like; everything is `{ everything: true }`.
 * @throws UnclearEnding
 */
export function readEnding(values: Readonly<Record<string, unknown>>): Ending {
  const { before, ...named } = values
  const [[kind, target] = [], second] = Object.entries(named)
  const known = kinds.find((each) => each === kind)
  if (known === undefined || second !== undefined) {
    throw new UnclearEnding(`name one of ${kinds.join(', ')}, and before`)
  }
  if (known === 'everything' ? `${target}` !== 'true' : typeof target !== 'string' || !target) {
    throw new UnclearEnding(
      known === 'everything' ? 'everything is true, or not named' : `${known} is a text`,
    )
  }
  const time = before === undefined ? undefined : readTime(before)
  if (time !== undefined && ['token', 'family'].includes(known)) {
    throw new UnclearEnding(`a ${known} ends as a whole: leave before out`)
  }
  return {
    kind: known,
    target: known === 'everything' ? '' : String(target),
    ...(time !== undefined && { before: time }),
  }
}

/** RFC 3339, with an offset: without one it would mean another moment on another machine. */
function readTime(text: unknown): number {
  const time =
    typeof text === 'string' &&
    /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)$/.test(text)
      ? Date.parse(text)
      : Number.NaN
  if (Number.isNaN(time)) throw new UnclearEnding('before is a time such as 2026-11-21T10:00:00Z')
  if (time > Date.now()) throw new UnclearEnding('before is in the future')
  return time
}

/**
 * Ends it, everywhere and for good once this resolves.
 * @param longestToken seconds that an access token may live
 * @throws StateUnavailable
 */
export async function end(
  state: State,
  { kind, target, before }: Ending,
  longestToken: number,
): Promise<void> {
  if (kind === 'token') await state.revokeToken(target, longestToken + 60)
  else if (kind === 'family') await state.endFamily(target)
  else if (kind === 'user') await state.cutOff({ kind, sub: target }, before)
  else if (kind === 'client') await state.cutOff({ kind, clientId: target }, before)
  else await state.cutOff({ kind }, before)
}

/** Logins of one user that are shown: as many as a store lists. */
const most = 100

/** The live logins of a user, newest first, as people and programs are shown them; times are RFC 3339. */
export async function sessionsOf(state: State, sub: string) {
  return (await state.familiesOf(sub, most)).map(describe)
}
export type Session = ReturnType<typeof describe>

const describe = (family: Family) => ({
  id: family.id,
  client_id: family.clientId,
  username: family.username,
  audience: family.audience,
  scope: family.scope,
  created_at: new Date(family.createdAt).toISOString(),
  last_used_at: new Date(family.lastUsedAt).toISOString(),
  expires_at: new Date(Math.min(family.idleExpiresAt, family.expiresAt)).toISOString(),
  ...(family.address !== undefined && { address: family.address }),
  ...(family.userAgent !== undefined && { user_agent: family.userAgent }),
})
