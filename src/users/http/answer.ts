import type { User } from '../directory.ts'
import { withoutUndefined } from '../without-undefined.ts'

/** The user in `{"user": …}`, undefined for null. Throws TypeError when the shape is another. */
export function readAnswer(answer: unknown, claims: readonly string[]): User | undefined {
  const { user } = objectIn(answer, 'the answer')
  if (user === null) return undefined
  const told = objectIn(user, 'user')
  return withoutUndefined({
    id: required(told, 'id'),
    username: required(told, 'username'),
    email: optional(told, 'email'),
    fullName: optional(told, 'full_name'),
    disabled: flag(told, 'disabled'),
    scopes: scopes(told.scopes),
    claims: allowed(told.claims, claims),
    passwordChangedAt: time(told.password_changed_at),
  })
}

/** The verdict in `{"valid": true}`. Throws TypeError when it is neither true nor false. */
export function readVerdict(answer: unknown): boolean {
  const { valid } = objectIn(answer, 'the answer')
  if (typeof valid !== 'boolean') throw new TypeError('valid is neither true nor false')
  return valid
}

type Fields = Readonly<Record<string, unknown>>

function objectIn(value: unknown, what: string): Fields {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { ...value }
  throw new TypeError(`${what} is not an object`)
}

function optional(fields: Fields, name: string): string | undefined {
  const value = fields[name] ?? undefined
  if (value === undefined) return undefined
  if (typeof value === 'string' && value.length <= 1024) return value || undefined
  throw new TypeError(`${name} is not a text of at most 1024 characters`)
}

function required(fields: Fields, name: string): string {
  const value = optional(fields, name)
  if (value === undefined) throw new TypeError(`${name} is missing`)
  return value
}

// Without the word of the service nobody is let in.
function flag(fields: Fields, name: string): boolean {
  const value = fields[name]
  if (typeof value === 'boolean') return value
  throw new TypeError(`${name} is neither true nor false`)
}

function scopes(value: unknown): string[] | undefined {
  if (value === undefined || value === null) return undefined
  const list = Array.isArray(value) ? value : []
  const texts = list.filter((scope) => typeof scope === 'string')
  if (Array.isArray(value) && texts.length === list.length) return texts
  throw new TypeError('scopes is not a list of texts')
}

function allowed(value: unknown, names: readonly string[]): Fields | undefined {
  if (value === undefined || value === null) return undefined
  const claims = objectIn(value, 'claims')
  const taken = names.filter((name) => Object.hasOwn(claims, name))
  return taken.length === 0 ? undefined : Object.fromEntries(taken.map((n) => [n, claims[n]]))
}

function time(value: unknown): number | undefined {
  if (value === undefined || value === null) return undefined
  const parsed = typeof value === 'string' ? Date.parse(value) : Number.NaN
  if (Number.isNaN(parsed)) throw new TypeError('password_changed_at is no RFC 3339 time')
  return parsed
}
