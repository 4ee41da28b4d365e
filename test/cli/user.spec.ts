import { latchkey } from ''
import { readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'chai'
import { openEmbeddedDirectory } from '../../src/users/embedded.ts'
import { temporaryFolder } from '../parts/temporary-folder.ts'
import { passwords } from '../users/people.ts'

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
  const run = (words: readonly string[], input?: string) =>
    latchkey(['user', ...words, '--config', config], input === undefined ? {} : { input })
  return {
    ...folder,
    run,
    json: async (...words: string[]) => JSON.parse((await run([...words, '--json'])).stdout),
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
  it('adds a user with a password from a pipe, which stands nowhere else', async () => {
    await using at = await scene()
    const words = ['add', 'ada', '--email', 'ada@example.com', '--full-name', 'Ada L']
    const added = await at.run([...words, '--scope', 'a', 'b', '--password-stdin'], 'canary word\n')
    expect(added).to.include({ code: 0, stderr: '' })
    expect(added.stdout).to.include('ada@example.com').and.not.include('canary')
    const user = await at.find('ada@example.com')
    expect(user).to.deep.include({ username: 'ada', fullName: 'Ada L', scopes: ['a', 'b'] })
    expect(await passwords.verify('canary word', user?.hash ?? '')).to.equal(true)
  })

  it('lists and shows users, without their hashes', async () => {
    await using at = await scene()
    await at.run(['add', 'ada'], 'secret')
    await at.run(['add', 'bob', '--no-password', '--disabled'])
    const listed = await at.json('list')
    expect(listed.map((user: { username: string }) => user.username)).to.deep.equal(['ada', 'bob'])
    const [list, ada] = [await at.run(['list']), await at.run(['show', 'ADA'])]
    expect(list.stdout).to.match(/^bob.*disabled, no password$/m)
    expect(JSON.parse(ada.stdout)).to.include({ username: 'ada', password: 'argon2' })
    for (const { stdout } of [list, ada, { stdout: JSON.stringify(listed) }]) {
      expect(stdout).to.not.include('$argon2')
    }
  })

  it('sets a password, disables, enables and removes', async () => {
    await using at = await scene()
    await at.run(['add', 'ada', '--no-password'])
    await at.run(['set-password', 'ada'], 'another')
    const user = await at.find('ada')
    expect(await passwords.verify('another', user?.hash ?? '')).to.equal(true)
    expect(user?.passwordChangedAt).to.be.a('number')
    await at.run(['disable', 'ada'])
    expect(await at.find('ada')).to.include({ disabled: true })
    await at.run(['enable', 'ada'])
    expect(await at.find('ada')).to.include({ disabled: false })
    expect(await at.run(['remove', 'ada'])).to.include({ code: 0 })
    expect(await at.find('ada')).to.equal(undefined)
  })

  it('ends with 1 and a reason when it cannot, with 2 for a wrong command line', async () => {
    await using at = await scene()
    await at.run(['add', 'ada', '--no-password'])
    const twice = await at.run(['add', 'ADA', '--no-password'])
    expect(twice.code).to.equal(1)
    expect(twice.stderr).to.match(/is that of "ada"/)
    expect(await at.run(['show', 'nobody'])).to.include({ code: 1 })
    expect(await at.run(['add', 'eve'], '')).to.include({ code: 1 })
    expect(await at.run(['add'])).to.include({ code: 2 })
    expect(await at.run(['add', 'eve', '--password', 'x'])).to.include({ code: 2 })
    expect((await at.json('list')).length).to.equal(1)
  })

  it('wants to know which directory, where there are several or none', async () => {
    const several = `${configuration.replace(/users:.*/, '')}
users:
  - { type: embedded, name: one, path: one.sqlite }
  - { type: embedded, name: two, path: two.sqlite, subjectPrefix: 'two:' }
`
    await using at = await scene(several)
    expect((await at.run(['list'])).stderr).to.match(/--directory \(one, two\)/)
    expect(await at.run(['list', '--directory', 'two'])).to.include({ code: 0 })
    const elsewhere = several.replace(
      /users:[\s\S]*/,
      "users: [{ type: sql, preset: django, url: 'sqlite:x' }]",
    )
    await using none = await scene(elsewhere)
    expect((await none.run(['list'])).stderr).to.match(/no directory of type embedded/)
  })

  it('imports CSV, hashes of any format, and lists the rows it refuses', async () => {
    await using at = await scene()
    await at.run(['add', 'ada', '--no-password'])
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
    const tried = await at.run(['import', file, '--dry-run'])
    expect(tried.stdout).to.include('2 would be added, 7 refused')
    expect((await at.json('list')).length).to.equal(1)

    const done = await at.run(['import', file, '--json'])
    expect(done.code).to.equal(1)
    const report = JSON.parse(done.stdout)
    expect(report.added).to.equal(2)
    const lines = report.refused.map(({ line }: { line: number }) => line)
    expect(lines).to.deep.equal([3, 4, 5, 6, 7, 8, 10])
    expect(done.stdout).to.not.include('5f4dcc3b')
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
    const file = await at.file('users.jsonl', lines.join('\n'))
    const done = await at.run(['import', file])
    expect(done.code).to.equal(1)
    expect(done.stdout).to.match(/^line 2: not a JSON object$/m)
    expect(done.stdout)
      .to.match(/^line 3: unknown field "password"/m)
      .and.not.include('plain')
    expect(done.stdout).to.match(/1 added, 3 refused/)
    expect((await at.find('carol'))?.scopes).to.deep.equal([])
  })

  it('refuses a file that is not what it says, as a whole', async () => {
    await using at = await scene()
    for (const [name, content] of [
      ['unknown.csv', 'username,shoe_size\nada,38\n'],
      ['open.csv', 'username\n"ada\n'],
      ['what.txt', 'username\nada\n'],
    ] as const) {
      const done = await at.run(['import', await at.file(name, content)])
      expect(done.code, name).to.equal(1)
      expect(done.stderr, name).to.match(/latchkey: /)
    }
    expect(await at.json('list')).to.deep.equal([])
  })

  for (const format of ['csv', 'jsonl']) {
    it(`exports what it imports again: ${format}`, async () => {
      await using from = await scene()
      await using to = await scene()
      await from.run(['add', 'ada', '--email', 'a@example.com', '--scope', 'a', 'b'], 'secret')
      await from.run(['add', 'o"brien,', '--no-password', '--disabled', '--full-name', 'O "B"'])
      const file = join(from.path, `users.${format}`)
      expect(await from.run(['export', '--output', file])).to.include({ code: 0, stdout: '' })
      expect((await stat(file)).mode & 0o777).to.equal(0o600)
      expect(await from.run(['export', '--output', file])).to.include({ code: 1 })
      expect(await to.run(['import', file])).to.include({ code: 0 })
      const again = await to.run(['export', '--format', format])
      expect(again.stdout).to.equal(await readFile(file, 'utf8'))
    })
  }
})
