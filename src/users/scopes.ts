export interface ScopeRules {
  /** Scopes every user of the directory may have. */
  readonly scopes?: readonly string[] | undefined
  /** Name of a group -> scopes its members may have. */
  readonly groupScopes?: Readonly<Record<string, readonly string[]>> | undefined
}

/**
 * What one user may have: the union of what every user, the user and the groups may. Undefined, no
 * restriction, only where none of the three is told.
 */
export function scopesOf(
  { scopes, groupScopes }: ScopeRules,
  own: readonly string[] | undefined,
  groups: readonly string[],
): string[] | undefined {
  if (!scopes && !own && !groupScopes) return undefined
  const byGroup = groups.flatMap((group) =>
    groupScopes && Object.hasOwn(groupScopes, group) ? (groupScopes[group] ?? []) : [],
  )
  return [...new Set([...(scopes ?? []), ...(own ?? []), ...byGroup])]
}
