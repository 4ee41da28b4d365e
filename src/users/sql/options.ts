import type { Columns, Groups, Mapping } from './mapping.ts'
import { type Preset, type PresetName, presets } from './presets.ts'

type Loose<T> = { readonly [K in keyof T]?: T[K] | undefined }

export interface SqlOptions {
  readonly name: string
  /** sqlite:PATH, postgres://… or mysql://… */
  readonly url: string
  readonly ca?: string | undefined
  readonly connections: number
  /** Milliseconds a look-up may take in all. */
  readonly timeout: number
  readonly preset?: PresetName | undefined
  readonly table?: string | undefined
  readonly columns?: Loose<Columns> | undefined
  readonly login?: Mapping['login'] | undefined
  readonly ignoreCase?: boolean | undefined
  readonly ignoreEmailCase?: boolean | undefined
  readonly activeValues?: readonly string[] | undefined
  readonly where?: Mapping['where'] | undefined
  readonly claims?: Mapping['claims'] | undefined
  readonly scopes?: readonly string[] | undefined
  /** Whether a user whose scopes column is null may have every scope, instead of none of it. */
  readonly nullScopesAreAll?: boolean
  readonly groups?: Loose<Groups> | undefined
  /** The owner's own SELECTs, instead of a table. */
  readonly query?: { readonly byLogin: string; readonly byId: string } | undefined
  readonly rehash: boolean
  readonly rehashTo?: 'argon2' | undefined
}

/** The options over the values of the preset. */
export function resolve(options: SqlOptions): { table: string; mapping: Mapping } {
  const preset: Partial<Preset> = options.preset ? presets[options.preset] : {}
  const columns = { ...preset.columns, ...known(options.columns ?? {}) } as Columns
  const { members, names, ...rest } = options.groups ?? {}
  const joined = members ? { members, names } : preset.groups
  const mapping: Mapping = {
    columns,
    login: options.login ?? preset.login ?? ['username'],
    ignoreCase: options.ignoreCase ?? preset.ignoreCase ?? false,
    ignoreEmailCase: options.ignoreEmailCase ?? preset.ignoreEmailCase ?? false,
    activeValues: options.activeValues,
    where: options.where ?? {},
    claims: options.claims ?? {},
    scopes: options.scopes,
    nullScopesAreAll: options.nullScopesAreAll ?? false,
    ...(options.groups && joined && { groups: { ...rest, ...joined } }),
    ...(options.rehash && { rehashTo: options.rehashTo ?? preset.rehashTo }),
  }
  return { table: options.table ?? preset.table ?? '', mapping }
}

const known = <T extends object>(values: T): Partial<T> =>
  Object.fromEntries(
    Object.entries(values).filter(([, value]) => value !== undefined),
  ) as Partial<T>
