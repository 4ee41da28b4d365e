import { createReadStream } from 'node:fs'
import { open } from 'node:fs/promises'
import { type Command, Option } from 'commander'
import { listFormats } from '../passwords/formats.ts'
import type { PasswordOptions } from '../passwords/index.ts'
import { type Accounts, openAccounts, UserFault } from '../users/embedded/accounts.ts'
import {
  type Entry,
  type FileFormat,
  fields,
  fileFormats,
  readAccounts,
  writeAccount,
  writeHeader,
} from '../users/embedded/record.ts'
import { type UserOptions, userTable } from './user-table.ts'

interface FileOptions extends UserOptions {
  readonly format?: FileFormat
}

const formatOption = () =>
  new Option('--format <format>', 'csv or jsonl; by the name of the file, if left out').choices(
    fileFormats,
  )

interface Refused {
  readonly line: number
  readonly reason: string
}

export function importUsers(command: Command, print: (line: string) => void): void {
  command
    .addOption(formatOption())
    .option('--dry-run', 'only say what would happen')
    .addHelpText(
      'after',
      `
Fields: ${fields.join(', ')}. Only username is needed. A hash may have any
format that Latchkey verifies. Rows that cannot be taken are listed with their line, the others are added.`,
    )
    .action(async (file: string, options: FileOptions & { dryRun?: true }) => {
      const { path, config } = userTable(options)
      const chunks: AsyncIterable<string> =
        file === '-' ? process.stdin.setEncoding('utf8') : createReadStream(file, 'utf8')
      const entries = readAccounts(chunks, options.format ?? formatOf(file))
      await using accounts = openAccounts(path)
      let added = 0
      const refused: Refused[] = []
      await accounts.atomically(async (within) => {
        for await (const entry of entries) {
          const reason = await add(entry, within, config.passwords)
          if (reason === undefined) added += 1
          else refused.push({ line: entry.line, reason })
        }
        return !options.dryRun
      })
      if (options.json) {
        print(JSON.stringify({ added, refused, dryRun: options.dryRun ?? false }, undefined, 2))
      } else {
        for (const { line, reason } of refused) print(`line ${line}: ${reason}`)
        print(`${added} ${options.dryRun ? 'would be added' : 'added'}, ${refused.length} refused`)
      }
      if (refused.length > 0) process.exitCode = 1
    })
}

export function exportUsers(command: Command): void {
  command
    .addOption(formatOption())
    .option('--output <file>', 'write to a new file that only you can read, instead of the screen')
    .action(async (options: FileOptions & { output?: string }) => {
      const format = options.format ?? (options.output ? formatOf(options.output) : 'jsonl')
      await using accounts = openAccounts(userTable(options).path)
      const file = options.output ? await open(options.output, 'wx', 0o600) : undefined
      const write = async (text: string) => {
        if (file) await file.write(text)
        else if (!process.stdout.write(text)) {
          await new Promise((resolve) => process.stdout.once('drain', resolve))
        }
      }
      try {
        for (const text of writeHeader(format)) await write(text)
        for await (const account of accounts.list()) await write(writeAccount(account, format))
      } finally {
        await file?.close()
      }
    })
}

/** Adds the user of a record, or says why not. */
async function add(
  { record }: Entry,
  accounts: Accounts,
  passwords: PasswordOptions,
): Promise<string | undefined> {
  if (record instanceof UserFault) return record.message
  const unusable = record.hash === undefined ? undefined : unusableHash(record.hash, passwords)
  if (unusable !== undefined) return unusable
  try {
    await accounts.add(record)
    return undefined
  } catch (error) {
    if (error instanceof UserFault) return error.message
    throw error
  }
}

function unusableHash(hash: string, passwords: PasswordOptions): string | undefined {
  const format = listFormats(passwords).find(({ matches }) => matches(hash))
  if (!format) return 'no known password hash format'
  if (!format.weak || passwords.allowWeak.includes(format.name)) return undefined
  return `${format.name} is weak: name it in passwords.allowWeak to import it`
}

function formatOf(file: string): FileFormat {
  const format = fileFormats.find((one) => file.endsWith(`.${one}`))
  if (format) return format
  throw new Error(`${file}: say with --format whether it is csv or jsonl`)
}
