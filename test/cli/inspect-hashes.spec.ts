import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { text } from 'node:stream/consumers'
import { expect } from 'chai'
import type { DirectoryReport as Report } from '../../src/commands/inspect-hashes/report.ts'
import { createPasswords } from '../../src/passwords/index.ts'
import { cheapHash } from '../parts/latchkey.ts'
import { temporaryFolder } from '../parts/temporary-folder.ts'
import { binary, type Finished, latchkey } from './command.ts'

const salt = 'c2FsdHNhbHRzYWx0'
const digest = 'ZGlnZXN0ZGlnZXN0ZGlnZXN0ZGlnZXN0'
const argon2 = (memory: number) => `$argon2id$v=19$m=${memory},t=1,p=1$${salt}$${digest}`
const bcrypt = `$2b$04$${'a'.repeat(21)}u${'b'.repeat(30)}u`
const django = `pbkdf2_sha256$1000$${salt}$${digest}`

/** Twenty thousand rows: what is rare stands at known ids. */
function hashOf(id: number): string | null {
  if (id === 777) return argon2(3_145_728)
  if (id === 778) return 'swordfish-in-the-clear'
  if (id === 779) return 'd41d8cd98f00b204e9800998ecf8427e'
  if (id % 1000 === 1) return id === 1 ? '' : '!unusable'
  return id % 2 === 0 ? bcrypt : id % 3 === 0 ? django : argon2(8192)
}

describe('latchkey inspect-hashes', () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>
  let config: string
  let table: string
  let original: Buffer
  /** What it says about the table, as JSON and for people. */
  let report: Report
  let plain: Finished

  const write = (name: string, users: string) => {
    const path = join(folder.path, name)
    writeFileSync(
      path,
      `issuer: https://auth.example
listen: { host: 127.0.0.1, port: 9000 }
apis: [{ audience: https://api.example }]
clients: []
passwords: { hash: { memory: 8192, iterations: 1, parallelism: 1 } }
users:
${users}`,
    )
    return path
  }
  const sql = (more = '') => `  - type: sql
    url: sqlite:${table}
    table: people
    columns: { id: id, username: login, password: pw }
${more}`

  before(async () => {
    folder = await temporaryFolder()
    table = join(folder.path, 'people.sqlite')
    const database = new DatabaseSync(table)
    database.exec('create table people (id integer primary key, login text, pw text); begin')
    const add = database.prepare('insert into people values (?, ?, ?)')
    for (let id = 1; id <= 20_000; id += 1) add.run(id, `user${id}`, hashOf(id))
    database.exec('commit')
    database.close()
    config = write('sql.yaml', sql())
    original = readFileSync(table)
    const [one] = await json(config)
    report = one
    plain = await latchkey(['inspect-hashes', '--config', config])
  })
  after(() => folder[Symbol.asyncDispose]())

  const json = async (file: string, ...more: string[]) => {
    const { stdout, stderr, code } = await latchkey([
      'inspect-hashes',
      '--json',
      '--config',
      file,
      ...more,
    ])
    if (code !== 0) throw new Error(stderr)
    expect(stderr).to.equal('')
    return JSON.parse(stdout)
  }

  it('counts every row, measures every kind, and names the rows that nobody can verify', async () => {
    expect(report).to.include({ directory: 'sql', rows: 20_000, withoutPassword: 20 })
    const rowsOf = (format: string) =>
      report.formats.find((one) => one.format === format)?.rows ?? 0
    expect(rowsOf('bcrypt')).to.equal(9_999)
    expect(rowsOf('bcrypt') + rowsOf('django-pbkdf2') + rowsOf('argon2')).to.equal(20_000 - 20 - 3)
    for (const { milliseconds } of report.formats) expect(milliseconds).to.be.above(0)
    const named = Object.fromEntries(report.unverifiable.map((one) => [one.ids[0], one]))
    expect(Object.keys(named).sort()).to.deep.equal(['777', '778', '779'])
    expect(named[777]).to.include({ format: 'argon2', excessive: true, rows: 1 })
    expect(named[778]).to.include({ reason: 'no known password hash format', excessive: false })
    expect(named[779]).to.include({ format: 'md5' }).and.has.property('reason').match(/weak/)
  })

  it('warns of weak parameters', async () => {
    const weakness = (format: string) =>
      report.formats.find((one) => one.format === format)?.weakness
    expect(weakness('bcrypt')).to.match(/cost is 4; OWASP asks for 10/)
    expect(weakness('django-pbkdf2')).to.match(/1000; OWASP asks for 600000/)
    expect(weakness('argon2')).to.match(/m×t is 8192; OWASP asks for 35840/)
  })

  it('says what rehash would do, does, or must not', async () => {
    const on = write('on.yaml', sql('    rehash: true\n    rehashTo: argon2\n'))
    const [doing] = await json(on)
    expect(report.rehash).to.include({ on: false, allowed: false })
    expect(doing.rehash).to.include({ on: true, allowed: true })
    const replaced = report.formats.filter((one) => 'replacement' in one)
    expect(replaced.map((one) => one.replacement).sort()).to.deep.equal([
      '$argon2id$v=19$m=8192,t=1,p=1',
      'argon2$argon2id$v=19$m=8192,t=1,p=1',
    ])
    expect(report.rehash.rows).to.equal(replaced.reduce((sum, { rows }) => sum + rows, 0))
    expect(plain.stdout).to.match(/rehash is off: it would replace .*rehashTo: argon2/)
  })

  it('prints no hash and nothing of one, and leaves the table as it was', () => {
    expect(plain.stdout).to.contain('777')
    const printed = plain.stdout + plain.stderr + JSON.stringify(report)
    for (const secret of [salt, digest, bcrypt.slice(7), 'swordfish', 'd41d8cd98f']) {
      expect(printed).not.to.contain(secret)
    }
    expect(readFileSync(table).equals(original)).to.equal(true)
  })

  it('names as many rows as it is told to', async () => {
    const database = join(folder.path, 'broken.sqlite')
    const made = new DatabaseSync(database)
    made.exec('create table people (id text primary key, login text, pw text)')
    for (const id of ['a', 'b', 'c\u001b[2J']) {
      made.prepare("insert into people values (?, 'x', 'plain')").run(id)
    }
    made.close()
    const file = write('broken.yaml', sql().replace(table, database))
    const two = await latchkey(['inspect-hashes', '--config', file, '--ids', '2'])
    expect(two.stdout).to.match(/3 rows\): id a, b, and 1 more/)
    const all = await latchkey(['inspect-hashes', '--config', file])
    expect(all.stdout).to.contain('c\\u001b[2J').and.not.to.contain('\u001b')
  })

  it('reads the embedded directory, and says where no hash can be read', async () => {
    const path = join(folder.path, 'users.sqlite')
    const file = write(
      'several.yaml',
      `  - { type: embedded, path: ${path} }
  - { type: http, name: far, subjectPrefix: 'far:', url: 'https://users.example', secret: ${'s'.repeat(32)} }
`,
    )
    expect((await latchkey(['inspect-hashes', '--config', file])).stderr).to.match(
      /^latchkey: directory embedded: .*open/,
    )
    await latchkey(['user', 'add', 'ada', '--config', file], { input: 'correct horse' })
    const [embedded, far] = await json(file)
    expect(embedded).to.deep.include({ rows: 1, rehash: { on: true, allowed: true, rows: 0 } })
    expect(far.unreadable).to.match(/no hash can be read/)
    expect(await json(file, '--directory', 'far')).to.deep.equal([far])
    const none = await latchkey(['inspect-hashes', '--config', file, '--directory', 'x'])
    expect(none).to.include({ code: 1, stdout: '' })
  })

  it('shows a bar at a terminal, on standard error', async () => {
    const slow = join(folder.path, 'slow.sqlite')
    const made = new DatabaseSync(slow)
    made.exec(`create table people (id integer primary key, login text, pw text);
      with recursive n(i) as (select 1 union all select i + 1 from n where i < 30000)
      insert into people select i, 'x', '${django}' from n`)
    made.close()
    const file = write('slow.yaml', sql().replace(table, slow))
    const output = join(folder.path, 'output')
    const words = `${binary} inspect-hashes --config ${file} > ${output}`
    const terminal = spawn('script', ['-qec', words, '/dev/null'])
    const [screen] = await Promise.all([text(terminal.stdout), once(terminal, 'close')])
    expect(screen).to.match(/\[#*\.*\] \d+ % {2}[\d,]+ of 30,000 rows/)
    expect(readFileSync(output, 'utf8')).to.contain('30,000 rows').and.not.to.contain('[#')
  })
})

describe('what a hash is said to be', () => {
  const passwords = createPasswords({ hash: cheapHash, allowWeak: [], queue: 1, wait: 1000 })

  it('weak, by the work it takes', () => {
    const weakness = (stored: string) => {
      const found = passwords.inspect(stored)
      return 'cost' in found ? found.weakness : found.fault
    }
    expect(weakness(argon2(65_536))).to.equal(undefined)
    expect(weakness(argon2(19_456))).to.match(/19456/)
    expect(weakness(bcrypt.replace('$04$', '$12$'))).to.equal(undefined)
    expect(weakness(django.replace('1000', '600000'))).to.equal(undefined)
    expect(weakness(`$P$B${'a'.repeat(30)}`)).to.match(/MD5/)
  })

  it('beyond the caps, apart from malformed', () => {
    const excessive = (stored: string) => {
      const found = passwords.inspect(stored)
      return 'fault' in found && found.excessive
    }
    expect(excessive(argon2(4_000_000))).to.equal(true)
    expect(excessive(bcrypt.replace('$04$', '$31$'))).to.equal(true)
    expect(excessive(`$scrypt$ln=30,r=8,p=1$${salt}$${digest}`)).to.equal(true)
    expect(excessive('x'.repeat(5000))).to.equal(true)
    expect(excessive(argon2(1))).to.equal(false)
    expect(excessive(bcrypt.slice(0, -1))).to.equal(false)
  })
})
