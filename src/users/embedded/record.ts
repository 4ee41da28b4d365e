import { instant, list } from '../values.ts'
import { type Account, type NewAccount, UserFault } from './accounts.ts'
import { type Numbered, readCsv, writeCsv } from './csv.ts'

/** The fields of a user in a file, in this order. */
export const fields = [
  'id',
  'username',
  'email',
  'full_name',
  'hash',
  'disabled',
  'scopes',
  'password_changed_at',
] as const

export const fileFormats = ['csv', 'jsonl'] as const
export type FileFormat = (typeof fileFormats)[number]

/** A user in a file, or what is wrong with the record. */
export type Entry = Numbered<NewAccount | UserFault>

/** The users in CSV with a header, or in JSON lines. Throws UserFault when the file is neither. */
export async function* readAccounts(
  chunks: AsyncIterable<string>,
  format: FileFormat,
): AsyncGenerator<Entry> {
  for await (const { line, record } of format === 'csv' ? readTable(chunks) : readLines(chunks)) {
    yield { line, record: record instanceof UserFault ? record : accountIn(record) }
  }
}

export function* writeHeader(format: FileFormat): Generator<string> {
  if (format === 'csv') yield writeCsv(fields)
}

export function writeAccount(account: Account, format: FileFormat): string {
  const { passwordChangedAt, scopes, disabled } = account
  const record = {
    id: account.id,
    username: account.username,
    email: account.email,
    full_name: account.fullName,
    hash: account.hash,
    disabled,
    scopes,
    password_changed_at:
      passwordChangedAt === undefined ? undefined : new Date(passwordChangedAt).toISOString(),
  }
  if (format === 'jsonl') return `${JSON.stringify(record)}\n`
  const written = {
    ...record,
    scopes: scopes && JSON.stringify(scopes),
    disabled: String(disabled),
  }
  return writeCsv(fields.map((field) => written[field] ?? ''))
}

type Raw = Readonly<Record<string, unknown>>

async function* readTable(
  chunks: AsyncIterable<string>,
): AsyncGenerator<Numbered<Raw | UserFault>> {
  let header: string[] | undefined
  for await (const { line, record } of readCsv(chunks)) {
    if (!header) {
      header = record.map((name) =>
        name
          .replace(/^\uFEFF/, '')
          .trim()
          .toLowerCase(),
      )
      refuseUnknown(header)
      continue
    }
    const names = header
    const raw = Object.fromEntries(record.map((value, index) => [names[index] ?? '', value]))
    const whole = record.length === names.length
    const fault = new UserFault(`${record.length} fields under a header of ${names.length}`)
    yield { line, record: whole ? raw : fault }
  }
}

async function* readLines(
  chunks: AsyncIterable<string>,
): AsyncGenerator<Numbered<Raw | UserFault>> {
  let line = 0
  for await (const text of linesOf(chunks)) {
    line += 1
    if (text.trim() !== '') yield { line, record: parseLine(text) }
  }
}

async function* linesOf(chunks: AsyncIterable<string>): AsyncGenerator<string> {
  let rest = ''
  for await (const chunk of chunks) {
    const lines = (rest + chunk).split('\n')
    rest = lines.pop() ?? ''
    if (rest.length > 65_536) throw new UserFault('a line is too long')
    yield* lines
  }
  yield rest
}

function parseLine(text: string): Raw | UserFault {
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      return new UserFault('not a JSON object')
    }
    refuseUnknown(Object.keys(value))
    return { ...value }
  } catch (error) {
    return error instanceof UserFault ? error : new UserFault('not JSON')
  }
}

function refuseUnknown(names: readonly string[]): void {
  const known: readonly string[] = fields
  const unknown = names.find((name) => !known.includes(name))
  if (unknown === undefined) return
  throw new UserFault(`unknown field ${JSON.stringify(unknown)}; they are ${fields.join(', ')}`)
}

function accountIn(raw: Raw): NewAccount | UserFault {
  try {
    return {
      id: word(raw, 'id'),
      username: word(raw, 'username') ?? '',
      email: word(raw, 'email'),
      fullName: word(raw, 'full_name'),
      hash: word(raw, 'hash'),
      disabled: flag(raw.disabled),
      scopes: raw.scopes === undefined || raw.scopes === '' ? undefined : list(raw.scopes),
      passwordChangedAt: instant(raw.password_changed_at),
    }
  } catch (error) {
    return new UserFault(error instanceof Error ? error.message : 'unreadable')
  }
}

function word(raw: Raw, field: string): string | undefined {
  const value = raw[field] ?? ''
  if (typeof value !== 'string') throw new UserFault(`${field} is not a text`)
  return value === '' ? undefined : value
}

function flag(value: unknown): boolean {
  const said = String(value ?? '').toLowerCase()
  if (['', '0', 'false', 'f', 'no'].includes(said)) return false
  if (['1', 'true', 't', 'yes'].includes(said)) return true
  throw new UserFault('disabled is neither true nor false')
}
