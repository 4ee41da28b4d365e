import type { Unverifiable } from './census.ts'

/** Of one kind of hash. */
export interface FormatReport {
  readonly format: string
  readonly cost: string
  readonly rows: number
  /** Of one verification on this machine. */
  readonly milliseconds?: number
  readonly weakness?: string
  /** How the hash begins that a login puts in its place, where rehash is on. */
  readonly replacement?: string
}

export interface DirectoryReport {
  readonly directory: string
  readonly rows: number
  readonly withoutPassword: number
  readonly formats: readonly FormatReport[]
  readonly unverifiable: readonly Unverifiable[]
  readonly uncounted: number
  readonly rehash: {
    readonly on: boolean
    /** Whether the owner's application is known to read argon2id. */
    readonly allowed: boolean
    /** Rows that a login replaces, or would. */
    readonly rows: number
  }
}

/** A directory that keeps its hashes to itself. */
export interface ClosedDirectory {
  readonly directory: string
  readonly unreadable: string
}

/** The report for people. It holds ids and counts, never a hash. */
export function describe(report: DirectoryReport | ClosedDirectory): string {
  if ('unreadable' in report) return `${report.directory}: ${report.unreadable}`
  const { directory, rows, withoutPassword, formats, unverifiable, uncounted } = report
  const weak = formats.filter(({ weakness }) => weakness !== undefined)
  return [
    `${directory}: ${some(rows)}${withoutPassword ? `, ${number(withoutPassword)} without a password` : ''}`,
    ...table(formats),
    ...weak.map(({ cost, weakness, rows: n }) => `weak: ${cost}: ${weakness} (${some(n)})`),
    ...unverifiable.map(fault),
    ...(uncounted ? [`${some(uncounted)} of other kinds: there are too many kinds to list`] : []),
    rehashing(report),
  ].join('\n')
}

function table(formats: readonly FormatReport[]): string[] {
  if (formats.length === 0) return []
  const lines = formats.map(({ rows, format, cost, milliseconds }) => [
    number(rows),
    format,
    cost,
    milliseconds === undefined ? '-' : `${milliseconds.toFixed(milliseconds < 10 ? 1 : 0)} ms`,
  ])
  const all = [['rows', 'format', 'cost', 'one login'], ...lines]
  const widths = [0, 1, 2, 3].map((at) => Math.max(...all.map((line) => (line[at] ?? '').length)))
  return all.map((line) =>
    line
      .map((cell, at) =>
        at === 0 || at === 3 ? cell.padStart(widths[at] ?? 0) : cell.padEnd(widths[at] ?? 0),
      )
      .join('  '),
  )
}

function fault({ format, reason, excessive, ids, rows }: Unverifiable): string {
  const kind = excessive ? 'beyond the caps' : 'cannot be verified'
  const more = rows > ids.length ? `, and ${number(rows - ids.length)} more` : ''
  const subject = format === undefined || reason.includes(format) ? '' : `${format}: `
  return `${kind}: ${subject}${reason} (${some(rows)}): id ${ids.map(printable).join(', ')}${more}`
}

function rehashing({ rehash: { on, allowed, rows }, formats }: DirectoryReport): string {
  const targets = [...new Set(formats.flatMap(({ replacement }) => replacement ?? []))].join(', ')
  if (rows === 0) return 'rehash: nothing to do'
  if (on) return `rehash is on: a login replaces the hash in ${some(rows)}, by ${targets}`
  const hint = allowed
    ? 'write `rehash: true`'
    : 'write `rehash: true` and `rehashTo: argon2`, if your application reads argon2id'
  return `rehash is off: it would replace the hash in ${some(rows)}, by ${targets}; ${hint}`
}

const number = (count: number) => count.toLocaleString('en')
const some = (count: number) => `${number(count)} ${count === 1 ? 'row' : 'rows'}`

/** An id is what somebody put into a table: no control characters on the operator's terminal. */
const printable = (id: string) => JSON.stringify(id).slice(1, -1)
