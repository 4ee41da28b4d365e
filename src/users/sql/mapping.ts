import type { User } from '../directory.ts'
import { scopesOf } from '../scopes.ts'
import { claim, instant, list, saysActive, saysDisabled, text } from '../values.ts'
import { withoutUndefined } from '../without-undefined.ts'

/** Which columns of the owner's table say what. */
export interface Columns {
  readonly id: string
  readonly username: string
  readonly password: string
  readonly email?: string | undefined
  /** Several columns are joined with a space. */
  readonly fullName?: string | readonly string[] | undefined
  /** The user may log in when this says yes. */
  readonly active?: string | undefined
  /** The user may not log in when this says yes or holds a time. */
  readonly disabled?: string | undefined
  /** The user may not log in before this time. */
  readonly disabledUntil?: string | undefined
  readonly scopes?: string | undefined
  readonly passwordChangedAt?: string | undefined
  /** The username and e-mail in upper or lower case, as the owner's application stores them for look-ups. */
  readonly usernameFolded?: string | undefined
  readonly emailFolded?: string | undefined
}

export interface Groups {
  /** The table that says which user is in which group. */
  readonly members: { readonly table: string; readonly user: string; readonly group: string }
  /** The table that names the groups; without it `members.group` is the name. */
  readonly names?:
    | { readonly table: string; readonly id: string; readonly name: string }
    | undefined
  /** Scopes by name of group. */
  readonly scopes?: Readonly<Record<string, readonly string[]>> | undefined
  /** Claim that lists the groups of the user. */
  readonly claim?: string | undefined
}

export interface Mapping {
  readonly columns: Columns
  /** What people may type as their login name. */
  readonly login: readonly ('username' | 'email')[]
  readonly ignoreCase: boolean
  readonly ignoreEmailCase: boolean
  /** Values of the active column that mean active, where it is not a boolean. */
  readonly activeValues?: readonly string[] | undefined
  /** Conditions on columns a row must meet to be a user at all. */
  readonly where: Readonly<Record<string, string | number | boolean | null>>
  /** Claim -> column: what may be told about the user in a token. */
  readonly claims: Readonly<Record<string, string>>
  /** Scopes every user may have. */
  readonly scopes?: readonly string[] | undefined
  readonly nullScopesAreAll: boolean
  readonly groups?: Groups | undefined
  /** The hash format we write, where the owner's application reads it. */
  readonly rehashTo?: 'argon2' | undefined
}

export type Row = Readonly<Record<string, unknown>>

/** The columns a look-up needs, each once. */
export function columnsOf({ columns, claims }: Mapping): string[] {
  const named = Object.values(columns).flat() as (string | undefined)[]
  return [...new Set([...named, ...Object.values(claims)])].filter((name) => name !== undefined)
}

/** The user in a row. Throws TypeError for a row that cannot be one, so that it is nobody. */
export function readUser(row: Row, mapping: Mapping, groups: readonly string[]): User {
  const { columns } = mapping
  const value = (column: string | undefined) => {
    if (column === undefined) return undefined
    if (!(column in row)) throw new TypeError(`the result has no column ${column}`)
    return row[column]
  }
  const id = text(value(columns.id))
  const username = text(value(columns.username))
  if (!id || !username) throw new TypeError('a user has neither id nor name')
  const user = {
    id,
    username,
    email: text(value(columns.email)) || undefined,
    fullName: fullName(columns.fullName, value),
    disabled: isDisabled(mapping, value),
    hash: usableHash(text(value(columns.password))),
    scopes: scopes(mapping, value, groups),
    claims: claimsOf(mapping, value, groups),
    passwordChangedAt: instant(value(columns.passwordChangedAt)),
    rehashTo: mapping.rehashTo,
  }
  return withoutUndefined(user)
}

type Value = (column: string | undefined) => unknown

function fullName(columns: Columns['fullName'], value: Value): string | undefined {
  const parts = columns === undefined ? [] : [columns].flat()
  const name = parts.map((column) => text(value(column)) ?? '').filter(Boolean)
  return name.join(' ') || undefined
}

function isDisabled({ columns, activeValues }: Mapping, value: Value): boolean {
  if (columns.active !== undefined && !saysActive(value(columns.active), activeValues)) return true
  if (columns.disabled !== undefined && saysDisabled(value(columns.disabled))) return true
  return (instant(value(columns.disabledUntil)) ?? 0) > Date.now()
}

// Django marks an unusable password with `!`, shadow files a locked one with `!` or `*`: no hash begins so.
export function usableHash(hash: string | undefined): string | undefined {
  return !hash || /^[!*]/.test(hash) ? undefined : hash
}

function scopes(mapping: Mapping, value: Value, memberOf: readonly string[]) {
  const own = value(mapping.columns.scopes)
  if (mapping.nullScopesAreAll && own === null) return undefined
  const rules = { scopes: mapping.scopes, groupScopes: mapping.groups?.scopes }
  return scopesOf(rules, mapping.columns.scopes === undefined ? undefined : list(own), memberOf)
}

function claimsOf({ claims, groups }: Mapping, value: Value, memberOf: readonly string[]) {
  const told = Object.entries(claims).map(([name, column]) => [name, claim(value(column))] as const)
  if (groups?.claim) told.push([groups.claim, memberOf])
  const known = told.filter(([, said]) => said !== undefined)
  return known.length === 0 ? undefined : Object.fromEntries(known)
}
