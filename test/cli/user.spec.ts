import { readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'chai'
import { userCommand } from '../../src/commands/user.ts'
import { openEmbeddedDirectory } from '../../src/users/embedded.ts'
import { temporaryFolder } from '../parts/temporary-folder.ts'
import { passwords } from '../users/people.ts'
import { refusal } from '../users/refusal.ts'
import { latchkey } from './command.ts'

const configuration = `
issuer: http://127.0.0.1:8000
apis: [{ audience: 'https://api.example' }]
users: [{ type: embedded, path: users.sqlite }]
passwords: { hash: { memory: 8192, iterations: 1 } }
`

/** `latchkey user …` on a table of its own. */
async function scene(text = configuration) {
  const folder = await temporaryFolder()
  const config = join(folder.path, 'latchkey.yaml')
  await writeFile(config, text)
  /** In this process, for speed: what it prints, or the message it fails with. */
  const run = async (...words: string[]) => {
    const lines: string[] = []
    const command = userCommand((line) => lines.push(line))
    await command.parseAsync([...words, '--config', config], { from: 'user' })
    return lines.join('\n')
  }
  return {
    ...folder,
    run,
    json: async (...words: string[]) => JSON.parse(await run(...words, '--json')),
    fault: async (...words: string[]) => String(await refusal(run(...words))),
    /** As an operator runs it. */
    typed: (words: readonly string[], input?: string) =>
      latchkey(['user', ...words, '--config', config], input === undefined ? {} : { input }),
    async find(name: string) {
      const path = join(folder.path, 'users.sqlite')
      const directory = openEmbeddedDirectory({ name: 'embedded', path })
      const user = await directory.findByLogin(name)
      await directory.close()
      return user
    },
    async file(name: string, content: string) {
      const path = join(folder.path, name)
      await writeFile(path, content)
      return path
    },
  }
}

const bcrypt = '$2b$10$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy'

describe('latchkey user', () => {
  afterEach(() => {
    process.exitCode = undefined
  })

  it('adds a user with a password from a pipe, which stands nowhere else', async () => {
    await using at = await scene()
    const words = ['add', 'ada', '--email', 'ada@example.com', '--full-name', 'Ada L']
    const added = await at.typed([...words, '--scope', 'a', 'b', '--password-stdin'], 'canary\n')
    expect(added).to.include({ code: 0, stderr: '' })
    expect(added.stdout).to.include('ada@example.com').and.not.include('canary')
    const user = await at.find('ada@example.com')
    expect(user).to.deep.include({ username: 'ada', fullName: 'Ada L', scopes: ['a', 'b'] })
    expect(await passwords.verify('canary', user?.hash ?? '')).to.equal(true)
    const [shown, listed] = [await at.run('show', 'ADA'), await at.run('list', '--json')]
    expect(JSON.parse(shown)).to.include({ username: 'ada', password: 'argon2' })
    expect(shown + listed).to.not.include('$argon2')
  })

  it('sets a password, which ends the logins before', async () => {
    await using at = await scene()
    await at.run('add', 'ada', '--no-password')
    const before = Date.now()
    expect(await at.typed(['set-password', 'ada'], 'another')).to.include({ code: 0 })
    const user = await at.find('ada')
    expect(await passwords.verify('another', user?.hash ?? '')).to.equal(true)
    expect(user?.passwordChangedAt).to.be.within(before, Date.now())
  })

  it('ends with 1 and a reason when it cannot, with 2 for a wrong command line', async () => {
    await using at = await scene()
    const [unknown, empty, wrong] = await Promise.all([
      at.typed(['show', 'nobody']),
      at.typed(['add', 'eve'], ''),
      at.typed(['add', 'eve', '--password', 'x']),
    ])
    expect(unknown).to.deep.include({ code: 1, stdout: '' })
    expect(unknown.stderr).to.equal('latchkey: there is no user "nobody"\n')
    expect(empty).to.include({ code: 1 })
    expect(wrong).to.include({ code: 2 })
    expect(await at.json('list')).to.deep.equal([])
  })

  it('lists, disables, enables and removes users', async () => {
    await using at = await scene()
    await at.run('add', 'ada', '--no-password')
    await at.run('add', 'bob', '--no-password', '--disabled')
    expect(await at.run('list')).to.match(/^ada.*no password\nbob.*disabled, no password$/)
    await at.run('disable', 'ada')
    expect(await at.find('ada')).to.include({ disabled: true })
    await at.run('enable', 'ADA')
    expect(await at.find('ada')).to.include({ disabled: false })
    await at.run('remove', 'ada')
    expect(await at.find('ada')).to.equal(undefined)
    expect(await at.fault('remove', 'ada')).to.include('there is no user "ada"')
    expect(await at.fault('add', 'BOB', '--no-password')).to.include('is that of "bob"')
  })

  it('wants to know which directory, where there are several or none', async () => {
    const above = configuration.replace(/users:.*/, '')
    await using at = await scene(`${above}
users:
  - { type: embedded, name: one, path: one.sqlite }
  - { type: embedded, name: two, path: two.sqlite, subjectPrefix: 'two:' }
`)
    expect(await at.fault('list')).to.include('--directory (one, two)')
    expect(await at.run('list', '--directory', 'two')).to.equal('')
    expect(await at.fault('list', '--directory', 'three')).to.include('no embedded directory three')
    await using none = await scene(`${above}
users: [{ type: sql, preset: django, url: 'sqlite:x' }]
`)
    expect(await none.fault('list')).to.include('no directory of type embedded')
  })

  it('imports CSV, hashes of any format, and lists the rows it refuses', async () => {
    await using at = await scene()
    await at.run('add', 'ada', '--no-password')
    const file = await at.file(
      'users.csv',
      [
        '\uFEFFusername,email,full_name,hash,disabled,scopes,password_changed_at',
        `carol,carol@example.com,"Carol, ""the"" C",${bcrypt},true,a b,2026-01-02T03:04:05Z`,
        'ADA,,,,,,',
        'dave,,,not a hash,,,',
        'eve,,,,perhaps,,',
        'frank,,,,,',
        'carol,,,,,,',
        'grace,,"two\r\nlines",,,,',
        'heidi,,,5f4dcc3b5aa765d61d8327deb882cf99,,,',
        '',
        'ivan,,,,,,',
      ].join('\r\n'),
    )
    expect(await at.run('import', file, '--dry-run')).to.include('2 would be added, 7 refused')
    expect(await at.json('list')).to.have.lengthOf(1)
    expect(process.exitCode).to.equal(1)

    const printed = await at.run('import', file, '--json')
    expect(printed).to.not.include('5f4dcc3b')
    const { added, refused } = JSON.parse(printed)
    expect(added).to.equal(2)
    const lines = refused.map(({ line }: { line: number }) => line)
    expect(lines).to.deep.equal([3, 4, 5, 6, 7, 8, 10])
    expect(await at.find('carol')).to.deep.include({
      fullName: 'Carol, "the" C',
      hash: bcrypt,
      disabled: true,
      scopes: ['a', 'b'],
      passwordChangedAt: Date.UTC(2026, 0, 2, 3, 4, 5),
    })
  })

  it('imports JSON lines', async () => {
    await using at = await scene()
    const lines = [
      JSON.stringify({ username: 'carol', hash: bcrypt, scopes: [], disabled: false }),
      '[]',
      '{"username":"dave","password":"plain"}',
      '{"username":1}',
      '',
    ]
    const printed = await at.run('import', await at.file('users.jsonl', lines.join('\n')))
    expect(printed).to.match(/^line 2: not a JSON object$/m)
    expect(printed)
      .to.match(/^line 3: unknown field "password"/m)
      .and.not.include('plain')
    expect(printed).to.match(/1 added, 3 refused/)
    expect((await at.find('carol'))?.scopes).to.deep.equal([])
  })

  it('refuses a file that is not what it says, as a whole', async () => {
    await using at = await scene()
    const files = {
      'unknown.csv': 'username,shoe_size\nada,38\n',
      'open.csv': 'username\nbob\n"ada\n',
      'what.txt': 'username\nada\n',
    }
    for (const [name, content] of Object.entries(files)) {
      const fault = await at.fault('import', await at.file(name, content))
      expect(fault, name).to.match(/shoe_size|does not end|--format/)
    }
    expect(await at.json('list')).to.deep.equal([])
  })

  for (const format of ['csv', 'jsonl']) {
    it(`exports what it imports again: ${format}`, async () => {
      await using from = await scene()
      await using to = await scene()
      const more = JSON.stringify({ username: 'ada', hash: bcrypt, scopes: ['a', 'b'] })
      await from.run('import', await from.file('ada.jsonl', more))
      await from.run('add', 'o"brien,', '--no-password', '--disabled', '--full-name', 'O "B"')
      const [file, again] = [join(from.path, `out.${format}`), join(to.path, `out.${format}`)]
      await from.run('export', '--output', file)
      expect((await stat(file)).mode & 0o777).to.equal(0o600)
      expect(await from.fault('export', '--output', file)).to.include('EEXIST')
      expect(await to.run('import', file)).to.equal('2 added, 0 refused')
      await to.run('export', '--output', again)
      const written = await readFile(again, 'utf8')
      expect(written).to.equal(await readFile(file, 'utf8'))
      expect(written).to.include(bcrypt)
    })
  }

  it('exports to a pipe', async () => {
    await using at = await scene()
    await at.run('add', 'ada', '--no-password')
    const { stdout } = await at.typed(['export'])
    expect(JSON.parse(stdout)).to.include({ username: 'ada', disabled: false })
  })
})
