import { Command, InvalidArgumentError } from 'commander'
import { loadConfig } from '../config/load.ts'
import type { Config } from '../config/schema.ts'
import { createPasswords, type Passwords } from '../passwords/index.ts'
import { openForReading } from '../users/index.ts'
import { usableHash } from '../users/sql/mapping.ts'
import { type Preset, presets } from '../users/sql/presets.ts'
import { takeCensus } from './inspect-hashes/census.ts'
import { measure } from './inspect-hashes/measure.ts'
import { createProgress } from './inspect-hashes/progress.ts'
import { type ClosedDirectory, type DirectoryReport, describe } from './inspect-hashes/report.ts'

interface Options {
  readonly config: string
  readonly directory?: string
  readonly ids: number
  readonly json?: true
}

type Entry = Config['users'][number]

export const inspectHashesCommand = () =>
  new Command('inspect-hashes')
    .description('count the password hashes of a directory, by format and cost')
    .requiredOption('--config <file>', 'configuration file')
    .option('--directory <name>', 'only this directory; all of them, if left out')
    .option('--ids <number>', 'how many rows to name for each fault', wholeNumber, 20)
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      `
Every row is read once, and nothing is written. It says which rows cannot be verified and why, which
parameters are weak or beyond the caps, how long one verification takes on this machine (with a random
password), and what rehash does or would do. No hash is printed.

Examples:
  latchkey inspect-hashes --config latchkey.yaml
  latchkey inspect-hashes --config latchkey.yaml --json | jq '.[].unverifiable[].ids[]'`,
    )
    .action(async ({ config: file, directory, ids, json }: Options) => {
      const { users, passwords: options } = loadConfig(file)
      const chosen = users.filter(({ name }) => directory === undefined || name === directory)
      if (chosen.length === 0) throw new Error(`${file} has no directory ${directory}`)
      const passwords = createPasswords(options)
      const reports: (DirectoryReport | ClosedDirectory)[] = []
      for (const entry of chosen) reports.push(await inspect(entry, passwords, ids))
      console.log(json ? JSON.stringify(reports, undefined, 2) : reports.map(describe).join('\n\n'))
    })

/** Throws DirectoryUnavailable. */
async function inspect(
  entry: Entry,
  passwords: Passwords,
  mostIds: number,
): Promise<DirectoryReport | ClosedDirectory> {
  const directory = openForReading(entry)
  try {
    const hashes = directory.scan?.()
    if (hashes === undefined) return { directory: entry.name, unreadable: reasonOf(entry) }
    // A table too large to be counted in time can still be read, page by page.
    const total = await directory.size?.().catch(() => undefined)
    const progress = createProgress(process.stderr, total)
    const census = await takeCensus(
      usable(hashes),
      passwords.inspect,
      mostIds,
      progress.at,
    ).finally(progress.end)
    const costs = await measure(
      census.kinds.map(({ sample }) => sample),
      passwords.verify,
    )
    const { kinds, ...counts } = census
    const replaced = kinds.filter(({ replacement }) => replacement !== undefined)
    return {
      directory: entry.name,
      ...counts,
      formats: kinds.map(({ sample: _, ...kind }, at) => ({ ...kind, ...timed(costs[at]) })),
      rehash: { ...rehashOf(entry), rows: replaced.reduce((sum, { rows }) => sum + rows, 0) },
    }
  } finally {
    await directory.close()
  }
}

async function* usable(hashes: AsyncIterable<{ id: string; hash: string | undefined }>) {
  for await (const { id, hash } of hashes) yield { id, hash: usableHash(hash) }
}

const timed = (milliseconds: number | undefined) =>
  milliseconds === undefined ? {} : { milliseconds: Number(milliseconds.toPrecision(3)) }

function rehashOf(entry: Entry): { on: boolean; allowed: boolean } {
  if (entry.type !== 'sql') return { on: entry.type === 'embedded', allowed: true }
  const preset: Partial<Preset> = entry.preset ? presets[entry.preset] : {}
  return { on: entry.rehash, allowed: (entry.rehashTo ?? preset.rehashTo) !== undefined }
}

function reasonOf({ type }: Entry): string {
  if (type === 'sql') return 'a `query` finds one user at a time: there is no table to count'
  return `${type === 'ldap' ? 'an LDAP server' : 'a service'} judges passwords itself: no hash can be read`
}

function wholeNumber(text: string): number {
  if (!/^\d{1,6}$/.test(text)) throw new InvalidArgumentError('a number of rows, up to 999999')
  return Number(text)
}
