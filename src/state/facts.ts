import type { FamilyFacts } from './state.ts'

/** What both stores keep as a column or a key of their own, because they look at it. */
type Owner = Pick<FamilyFacts, 'id' | 'clientId' | 'sub'>

/**
 * The rest of a family's facts as a JSON array: in Redis every family is held in memory, and the
 * names of the members would be a third of it.
 */
export function packFacts(family: FamilyFacts): string {
  const facts = [
    family.username,
    family.scope,
    family.audience,
    family.amr,
    family.authTime,
    family.jkt,
    family.x5t,
    family.address,
    family.userAgent,
    family.claims,
  ]
  while (facts.at(-1) === undefined) facts.pop()
  return JSON.stringify(facts)
}

type Packed = [
  username: string,
  scope: string,
  audience: string,
  amr: string[],
  authTime: number,
  jkt?: string | null,
  x5t?: string | null,
  address?: string | null,
  userAgent?: string | null,
  claims?: Record<string, unknown> | null,
]

export function unpackFacts(owner: Owner, text: string): FamilyFacts {
  const packed: Packed = JSON.parse(text)
  const [username, scope, audience, amr, authTime, ...rest] = packed
  const [jkt, x5t, address, userAgent, claims] = rest
  return {
    ...owner,
    username,
    scope,
    audience,
    amr,
    authTime,
    ...(jkt != null && { jkt }),
    ...(x5t != null && { x5t }),
    ...(address != null && { address }),
    ...(userAgent != null && { userAgent }),
    ...(claims != null && { claims }),
  }
}
