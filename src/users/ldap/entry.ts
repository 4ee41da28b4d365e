import type { Entry } from 'ldapts'
import type { User } from '../directory.ts'
import { scopesOf } from '../scopes.ts'
import { instant, list, saysDisabled } from '../values.ts'
import { withoutUndefined } from '../without-undefined.ts'

/** Which attributes of an entry say what. */
export interface Attributes {
  readonly id: string
  readonly username: string
  readonly email: string
  readonly fullName: string
  readonly disabled?: string | undefined
  readonly passwordChangedAt?: string | undefined
  readonly scopes?: string | undefined
}

export interface EntryRules {
  readonly attributes: Attributes
  /** Claim -> attribute: what may be told about the user in a token. */
  readonly claims: Readonly<Record<string, string>>
  readonly scopes?: readonly string[] | undefined
  readonly groupScopes?: Readonly<Record<string, readonly string[]>> | undefined
  readonly groupClaim?: string | undefined
}

/** The values of an attribute, under whatever case the server gives its name. */
export function valuesOf(entry: Entry, attribute: string | undefined): string[] {
  if (attribute === undefined) return []
  const wanted = attribute.toLowerCase()
  const [, value = []] = Object.entries(entry).find(([name]) => name.toLowerCase() === wanted) ?? []
  return [value].flat().map((one) => (Buffer.isBuffer(one) ? one.toString('hex') : one))
}

/** The user in an entry. Throws TypeError when the entry has no id or no name. */
export function readEntry(entry: Entry, rules: EntryRules, groups: readonly string[]): User {
  const { attributes, claims, scopes, groupScopes, groupClaim } = rules
  const first = (attribute: string | undefined) => valuesOf(entry, attribute)[0]
  const id = first(attributes.id)
  const username = first(attributes.username)
  if (!id || !username) {
    throw new TypeError(`an entry has no ${id ? attributes.username : attributes.id} we may read`)
  }
  const own = attributes.scopes && valuesOf(entry, attributes.scopes).flatMap(list)
  const told = Object.entries(claims).flatMap(([claim, attribute]) => {
    const values = valuesOf(entry, attribute)
    return values.length > 0 ? [[claim, values.length === 1 ? values[0] : values] as const] : []
  })
  if (groupClaim) told.push([groupClaim, [...groups]])
  return withoutUndefined({
    id,
    username,
    email: first(attributes.email),
    fullName: first(attributes.fullName),
    disabled: isDisabled(attributes.disabled, first(attributes.disabled)),
    scopes: scopesOf(
      { scopes, groupScopes: groupScopes && foldKeys(groupScopes) },
      own === '' ? undefined : own,
      groups.map((group) => group.toLowerCase()),
    ),
    claims: told.length > 0 ? Object.fromEntries(told) : undefined,
    passwordChangedAt: ldapInstant(first(attributes.passwordChangedAt)),
  })
}

// Names of groups and DNs ignore case (RFC 4517 section 4.2).
const foldKeys = (scopes: Readonly<Record<string, readonly string[]>>) =>
  Object.fromEntries(Object.entries(scopes).map(([group, may]) => [group.toLowerCase(), may]))

function isDisabled(attribute: string | undefined, value: string | undefined): boolean {
  if (attribute?.toLowerCase() !== 'useraccountcontrol') return saysDisabled(value)
  // ADS_UF_ACCOUNTDISABLE; what cannot be read keeps the user out.
  const flags = Number(value ?? Number.NaN)
  return Number.isNaN(flags) || (flags & 0x2) !== 0
}

const filetimeEpoch = 11_644_473_600_000

/** GeneralizedTime (RFC 4517 section 3.3.13), or Active Directory's 100 ns since 1601. */
function ldapInstant(value: string | undefined): number | undefined {
  if (value === undefined || value === '0') return undefined
  if (/^\d{17,19}$/.test(value)) return Math.floor(Number(value) / 10_000) - filetimeEpoch
  const general = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(?:[.,]\d+)?Z$/.exec(value)
  if (!general) return instant(value)
  const [, year, month, day, hour, minute, second] = general
  return instant(`${year}-${month}-${day} ${hour}:${minute}:${second}`)
}
