/** What browsers of every make say of themselves, so that it tells none from another. */
const common = /Mozilla\/5\.0 ?|AppleWebKit\/[\d.]+ ?|\(KHTML, like Gecko\) ?|Gecko\/\d+ ?/g

/**
 * Of a User-Agent field (RFC 9110 section 10.1.5), what a list of sessions tells devices apart by;
 * undefined where that is nothing. It is kept for each login, and Redis holds it in memory.
 */
export function browserOf(field: string): string | undefined {
  const own = field.slice(0, 300).replaceAll(common, '').trim().slice(0, 100)
  return own === '' ? undefined : own
}
