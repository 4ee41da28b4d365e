/**
 * Seconds that a cut-off is remembered, and the longest life of a family: were a family to outlive
 * the mark that ended it, it would come back. 400 days is what browsers grant a cookie, the other
 * place where logins live (RFC 6265bis section 5.5).
 */
export const longestFamily = 400 * 86_400

/** Families of one user that `familiesOf` can list; the ones that end soonest drop out of the list. */
export const listedFamilies = 100

/** Seconds for which the log keeps a revocation where nobody says how long an access token may live. */
export const logRetentionByDefault = 3600

/** Whole milliseconds, at least one: Redis refuses a lifetime of none. */
export function milliseconds(seconds: number): number {
  return Math.max(1, Math.ceil(seconds * 1000))
}

/** The idle and the absolute lifetime of a family in milliseconds. */
export function familyLifetimes(family: { idle: number; absolute: number }) {
  const absolute = Math.min(family.absolute, longestFamily)
  return { idle: milliseconds(Math.min(family.idle, absolute)), absolute: milliseconds(absolute) }
}
