import { randomBytes, randomInt } from 'node:crypto'
import { DatabaseSync } from 'node:sqlite'
import { hash as bcrypt } from '@node-rs/bcrypt'
import { hashArgon2id } from '../../src/passwords/argon2.ts'

export const password = 'correct horse'

export interface Cost {
  /** argon2id memory in KiB. */
  readonly memory: number
  readonly iterations: number
}

const base64 = (bytes: number) => randomBytes(bytes).toString('base64').replaceAll('=', '')
const letters = (count: number) => randomBytes(count).toString('hex').slice(0, count)
const rounds = ({ memory, iterations }: Cost) => Math.round((memory * iterations) / 8192)

/** A hash of each format at about the cost of argon2id; those of argon2id and bcrypt are of the password. */
export const hashes: Readonly<Record<string, (cost: Cost) => string | Promise<string>>> = {
  argon2id: (cost) => hashArgon2id(Buffer.from(password), { ...cost, parallelism: 1 }),
  bcrypt: (cost) => bcrypt(password, { cost: 6 + Math.round(Math.log2(rounds(cost))) }),
  'django-pbkdf2': (cost) =>
    `pbkdf2_sha256$${20_000 * rounds(cost)}$${base64(12)}$${randomBytes(32).toString('base64')}`,
  scrypt: (cost) =>
    `$scrypt$ln=${11 + Math.round(Math.log2(rounds(cost)))},r=8,p=1$${base64(16)}$${base64(32)}`,
  'sha512-crypt': (cost) => `$6$rounds=${5000 * rounds(cost)}$${letters(16)}$${letters(86)}`,
  phpass: () => `$P$B${letters(30)}`,
}

/** Names of users, sixty of each kind, `any` with a hash that can be verified; other kinds make up names. */
export type Names = (kind: string) => string

/** A table whose users have hashes of these formats, and the odd ones that every table has. */
export async function makeTable(
  path: string,
  formats: readonly string[],
  cost: Cost,
): Promise<Names> {
  const database = new DatabaseSync(path)
  database.exec(
    'create table people (id integer primary key, login text unique, pw text, disabled integer)',
  )
  const add = database.prepare('insert into people (login, pw, disabled) values (?, ?, ?)')
  const [first = ''] = formats
  const usual = async (format = first) => hashes[format]?.(cost) ?? ''
  const kinds: Readonly<Record<string, (count: number) => Promise<string | null>>> = {
    ...Object.fromEntries(formats.map((format) => [format, () => usual(format)])),
    // In the proportions of the others: an unknown name costs what the whole table costs.
    disabled: (count) => usual(formats[count % formats.length]),
    'no password': async () => null,
    malformed: async () => (await usual()).slice(0, 20),
    'beyond the caps': async () => `$argon2id$v=19$m=3145728,t=9,p=1$${base64(16)}$${base64(32)}`,
    'no format': async () => letters(40),
  }
  const names: Record<string, string[]> = {}
  for (const [kind, hash] of Object.entries(kinds)) {
    names[kind] = []
    for (let count = 0; count < 60; count += 1) {
      const name = letters(12)
      add.run(name, await hash(count), kind === 'disabled' ? 1 : 0)
      names[kind].push(name)
    }
  }
  database.close()
  return (kind) => {
    const known = kind === 'any' ? formats.flatMap((format) => names[format] ?? []) : names[kind]
    return known?.[randomInt(known.length)] ?? letters(12)
  }
}
