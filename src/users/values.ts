/** Readers of column values, whatever type a driver gives them. Null stands for every kind of nothing. */

export function text(value: unknown): string | undefined {
  if (value === null || value === undefined) return undefined
  if (typeof value === 'string') return value
  if (typeof value === 'number' || typeof value === 'bigint') return String(value)
  throw new TypeError('a column holds neither text nor a number; select it as text with `query`')
}

const yes = new Set(['1', 't', 'true', 'y', 'yes', 'on', 'active', 'enabled'])
const no = new Set(['', '0', 'f', 'false', 'n', 'no', 'off'])

/** Whether an `active` column says yes. Nothing and words that are not known mean no. */
export function saysActive(value: unknown, activeValues?: readonly string[]): boolean {
  if (activeValues) return activeValues.includes(text(plain(value)) ?? '')
  const said = plain(value)
  return said === true || yes.has(String(said ?? '').toLowerCase())
}

/** Whether a `disabled` column says yes. Words that are not known, such as a date of deletion, mean yes. */
export function saysDisabled(value: unknown): boolean {
  const said = plain(value)
  if (said === null || said === undefined || said === false) return false
  return !no.has(String(said).toLowerCase())
}

// MySQL's bit(1) is a buffer of one byte.
const plain = (value: unknown): unknown =>
  value instanceof Uint8Array ? value.some((byte) => byte !== 0) : value

const dated = /^(\d{4}-\d\d-\d\d)(?:[ T](\d\d:\d\d(?::\d\d)?)(\.\d+)? ?(Z|[+-]\d\d(?::?\d\d)?)?)?$/

/**
 * A time in milliseconds since the epoch: from seconds, milliseconds, or a date as databases write
 * it. A date without a zone is read as UTC. Throws TypeError on anything else.
 */
export function instant(value: unknown): number | undefined {
  const written = text(value)?.trim()
  // MySQL writes the time that never was with zeros.
  if (!written || written.startsWith('0000-00-00')) return undefined
  if (written === 'infinity') return Number.POSITIVE_INFINITY
  if (written === '-infinity') return Number.NEGATIVE_INFINITY
  if (/^\d+(\.\d+)?$/.test(written)) {
    const number = Number(written)
    return number < 100_000_000_000 ? number * 1000 : Math.floor(number)
  }
  const [, day, time = '00:00', fraction = '', zone = 'Z'] = dated.exec(written) ?? []
  const offset =
    zone === 'Z' ? zone : `${zone.slice(0, 3)}:${zone.slice(3).replace(':', '') || '00'}`
  const parsed = day ? Date.parse(`${day}T${time}${fraction.slice(0, 4)}${offset}`) : Number.NaN
  if (Number.isNaN(parsed)) throw new TypeError('a column holds no time that can be read')
  return parsed
}

/** A list written as a JSON array, an array of the database's, or words between spaces or commas. */
export function list(value: unknown): string[] {
  if (Array.isArray(value)) return value.filter((item) => typeof item === 'string')
  const written = text(value)?.trim() ?? ''
  if (!written.startsWith('[')) return written.split(/[\s,]+/).filter(Boolean)
  const parsed: unknown = JSON.parse(written)
  return list(Array.isArray(parsed) ? parsed : [])
}

/** A value fit for a JSON claim, or undefined. */
export function claim(value: unknown): unknown {
  if (value === null || value === undefined || value instanceof Uint8Array) return undefined
  if (typeof value !== 'bigint') return value
  return Number.isSafeInteger(Number(value)) ? Number(value) : String(value)
}
