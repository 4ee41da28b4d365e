import { randomBytes } from 'node:crypto'
import type { Family, State } from '../../src/state/state.ts'
import type { Copier } from './copies.ts'
import { type Clock, cost, type Row, wall } from './costs.ts'

export interface Store {
  readonly name: string
  readonly state: State
  readonly copier: Copier
  /** How its writes are measured. */
  readonly writes: Clock
}

const day = 86_400
const randomId = () => randomBytes(16).toString('hex')

const openFamily = (state: State, id = randomId()): Promise<Family> =>
  state.openFamily({
    id,
    clientId: 'web',
    sub: `sub-${id}`,
    username: 'johndoe',
    scope: 'read write',
    audience: 'https://api.example',
    amr: ['pwd'],
    authTime: Math.floor(Date.now() / 1000),
    idle: day,
    absolute: day,
  })

/** What a refresh and the end of a login cost the store, the more logins are alive. */
export async function amongLogins(
  { name, state, copier, writes }: Store,
  sizes: readonly number[],
): Promise<readonly Row[]> {
  const own = await Promise.all(Array.from({ length: 500 }, () => openFamily(state)))
  const generations = own.map(({ generation }) => generation)
  const refreshes: [number, number][] = []
  const logins: [number, number][] = []
  let there = 0
  for (const size of sizes) {
    await copier.copy('family', own[0]?.id ?? '', size - there)
    there = size
    const refresh = await cost(writes, async (index) => {
      const at = index % own.length
      const family = own[at]?.id ?? ''
      const { sub, clientId } = (await state.findFamily(family, 'rotate')) ?? {}
      if (sub === undefined || clientId === undefined) throw new Error('the login is gone')
      const outcome = await state.rotate({
        ...{ family, owner: { sub, clientId }, presented: generations[at] ?? 1 },
        ...{ grace: 10, idle: day, nonce: randomId() },
      })
      if (outcome.outcome !== 'rotated') throw new Error(outcome.outcome)
      generations[at] = outcome.generation
    })
    refreshes.push([size, refresh])
    logins.push([size, await cost(writes, () => openFamily(state))])
  }
  return [
    { what: `refresh by live logins, ${name}`, costs: refreshes },
    { what: `opening a login by live logins, ${name}`, costs: logins },
  ]
}

/** What an introspection and a revocation cost the store, the more tokens are revoked. */
export async function amongRevocations(
  { name, state, copier, writes }: Store,
  sizes: readonly number[],
): Promise<readonly Row[]> {
  const first = randomId()
  await state.epoch()
  await state.revokeToken(first, day)
  const { sub, clientId, id: family } = await openFamily(state)
  const issuedAt = Math.floor(Date.now() / 1000)
  const introspections: [number, number][] = []
  const revocations: [number, number][] = []
  let there = 1
  for (const size of sizes) {
    await copier.copy('revoked', first, size - there)
    there = size
    const introspection = await cost(wall, async () => {
      const token = { jti: randomId(), sub, clientId, issuedAt, family }
      if (!(await state.tokenStanding(token)).live) throw new Error('not live')
    })
    introspections.push([size, introspection])
    revocations.push([size, await cost(writes, () => state.revokeToken(randomId(), day))])
  }
  return [
    { what: `introspection by revoked tokens, ${name}`, costs: introspections },
    { what: `revocation by revoked tokens, ${name}`, costs: revocations },
  ]
}
