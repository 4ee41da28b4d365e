import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { expect } from 'chai'
import pg from 'pg'
import { openSqlDirectory } from '../../src/users/sql.ts'
import { mariadb } from '../parts/database-servers.ts'
import { djangoOver } from '../parts/django.ts'
import { cheaply, type Latchkey, passwordGrant, startLatchkey } from '../parts/latchkey.ts'
import { until } from '../parts/until.ts'
import { databaseIn, type Flavour, type TestDatabase } from './people-table.ts'

const run = promisify(execFile)
const password = 'correct horse'
/** bcrypt at cost 4 of `correct horse`, by PHP: password_hash($p, PASSWORD_BCRYPT, ['cost' => 4]). */
let bcrypt: string

const php = async (script: string, ...words: string[]) =>
  (await run('php', ['-r', script, '--', ...words])).stdout
const python = async (script: string, ...words: string[]) =>
  (await run('/usr/bin/python3', ['-W', 'ignore', '-c', script, ...words])).stdout.trim()

const table = (url: string, more = {}) => ({
  type: 'sql',
  url,
  table: 'people',
  columns: { id: 'id', username: 'login', password: 'pw' },
  rehash: true,
  rehashTo: 'argon2' as const,
  ...more,
})

const login = (server: Latchkey, username: string, secret = password) =>
  server.post('/token', { ...passwordGrant, username, password: secret })

const rehashed = (server: Latchkey) =>
  server.log.filter(({ event }) => event === 'password.rehashed')

/** Logs in, and waits until the hash was dealt with. */
async function loginAndWait(server: Latchkey, username: string, secret = password) {
  const before = rehashed(server).length
  expect((await login(server, username, secret)).status).to.equal(200)
  await until(
    () => rehashed(server).length,
    (count) => count > before,
  )
  return rehashed(server).at(-1)
}

async function people(flavour: Flavour, hashes: Readonly<Record<string, string>>) {
  const database = await databaseIn(flavour)
  const rows = Object.entries(hashes).map(([name, hash], at) => `(${at + 1}, '${name}', '${hash}')`)
  await database.run(
    'create table people (id integer primary key, login varchar(50), pw varchar(100))',
    `insert into people values ${rows.join(', ')}`,
  )
  return database
}

/** The stored hash of the user, as the owner's application sees it. */
async function stored(database: TestDatabase, username: string): Promise<string> {
  const { type: _, ...options } = table(database.url, { rehash: false })
  const directory = openSqlDirectory({ ...options, name: 'x', connections: 1, timeout: 2000 })
  const user = await directory.findByLogin(username)
  await directory.close()
  return user?.hash ?? ''
}

describe('rehash on login, over HTTP', () => {
  before(async () => {
    bcrypt = await php("echo password_hash($argv[1], PASSWORD_BCRYPT, ['cost' => 4]);", password)
  })

  describe('in a table of PHP, and of argon2-cffi', () => {
    let database: TestDatabase
    let server: Latchkey
    before(async () => {
      const cffi = 'import sys, argon2; print(argon2.PasswordHasher(1, 1024, 1).hash(sys.argv[1]))'
      database = await people('sqlite', {
        php: bcrypt,
        wrong: bcrypt,
        cffi: await python(cffi, password),
        spaced: await php(
          "echo password_hash($argv[1], PASSWORD_BCRYPT, ['cost' => 4]);",
          `${password} `,
        ),
        long: await php(
          "echo password_hash($argv[1], PASSWORD_BCRYPT, ['cost' => 4]);",
          'x'.repeat(80),
        ),
        decomposed: await php(
          "echo password_hash($argv[1], PASSWORD_BCRYPT, ['cost' => 4]);",
          'cafe\u0301',
        ),
        new: await cheaply(password),
      })
      server = await startLatchkey({ users: [table(database.url)] })
    })
    after(async () => {
      await server.stop()
      await database.remove()
    })

    it("writes what PHP's password_verify takes, once", async () => {
      expect(await loginAndWait(server, 'php')).to.include({
        log: 'audit',
        sub: '1',
        replaced: true,
      })
      const hash = await stored(database, 'php')
      expect(hash).to.match(/^\$argon2id\$v=19\$m=8192,t=1,p=1\$/)
      const verify = 'echo json_encode(password_verify($argv[1], $argv[2]));'
      expect(await php(verify, password, hash)).to.equal('true')
      expect(await php(verify, 'wrong', hash)).to.equal('false')
      expect((await login(server, 'php')).status).to.equal(200)
      expect((await login(server, 'php', 'wrong')).json.error).to.equal('invalid_grant')
      expect(await stored(database, 'php')).to.equal(hash)
    })

    it('writes what argon2-cffi takes', async () => {
      await loginAndWait(server, 'cffi')
      const hash = await stored(database, 'cffi')
      expect(hash).to.contain('m=8192,t=1,p=1')
      const verify =
        'import sys, argon2; print(argon2.PasswordHasher().verify(sys.argv[2], sys.argv[1]))'
      expect(await python(verify, password, hash)).to.equal('True')
    })

    it('leaves the hash alone after a wrong password, and one that is good already', async () => {
      const good = await stored(database, 'new')
      expect((await login(server, 'wrong', 'nope')).status).to.equal(400)
      expect((await login(server, 'new')).status).to.equal(200)
      await loginAndWait(server, 'wrong')
      expect(await stored(database, 'new')).to.equal(good)
    })

    it('leaves the hash alone where the application might hash other bytes', async () => {
      const before = rehashed(server).length
      for (const [name, secret] of [
        ['spaced', `${password} `],
        ['long', 'x'.repeat(80)],
        ['decomposed', 'cafe\u0301'],
      ] as const) {
        expect((await login(server, name, secret)).status, name).to.equal(200)
        expect(await stored(database, name), name).to.match(/^\$2y\$04\$/)
      }
      expect(rehashed(server)).to.have.lengthOf(before)
    })
  })

  it('writes what Django takes into the table of Django', async () => {
    const database = await databaseIn('sqlite')
    const django = djangoOver(database.url)
    const ids = await django.make()
    const users = [{ type: 'sql', url: database.url, preset: 'django', rehash: true }]
    const server = await startLatchkey({ users })
    try {
      for (const name of ['pbkdf2', 'bcrypt_sha256']) {
        expect(await loginAndWait(server, name)).to.include({ sub: ids[name], replaced: true })
        expect(await django.check(name, password), name).to.equal(true)
        expect(await django.check(name, 'wrong'), name).to.equal(false)
      }
    } finally {
      await server.stop()
      await database.remove()
    }
  })

  it('loses against a password that the application changes at that moment', async () => {
    const database = await people('postgres', { ada: bcrypt })
    const server = await startLatchkey({ users: [table(database.url)] })
    const application = new pg.Client({ connectionString: database.url })
    await application.connect()
    try {
      // The new hash is written and not committed: our login still sees the old one, and our swap waits.
      await application.query('begin')
      const chosen = await cheaply('another one')
      await application.query('update people set pw = $1 where id = 1', [chosen])
      expect((await login(server, 'ada')).status).to.equal(200)
      const waiting =
        "select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'"
      await until(
        () => application.query(waiting),
        ({ rowCount }) => rowCount === 1,
      )
      await application.query('commit')
      await until(
        () => rehashed(server),
        (lines) => lines.length === 1,
      )
      expect(rehashed(server)[0]).to.include({ sub: '1', replaced: false })
      expect(await stored(database, 'ada')).to.equal(chosen)
    } finally {
      await application.end()
      await server.stop()
    }
  })

  it('never writes over a role that may only read, and the login is good', async () => {
    const database = await people('postgres', { ada: bcrypt })
    await database.run('create role onlooker login', 'grant select on people to onlooker')
    const url = database.url.replace('latchkey@', 'onlooker@')
    const server = await startLatchkey({ users: [table(url)] })
    try {
      expect(await loginAndWait(server, 'ada')).to.include({ replaced: false })
      expect(await stored(database, 'ada')).to.equal(bcrypt)
      expect((await login(server, 'ada')).status).to.equal(200)
      expect((await login(server, 'ada')).status).to.equal(200)
      const warned = server.log.filter(({ msg }) => String(msg).includes('may not update'))
      expect(warned).to.have.lengthOf(1)
    } finally {
      await server.stop()
    }
    // The end of the server waits for what was under way: nothing was, after the first.
    expect(rehashed(server)).to.have.lengthOf(1)
    await database.run('revoke all on people from onlooker', 'drop role onlooker')
  })

  it('is off unless it is asked for', async () => {
    const database = await people('sqlite', { ada: bcrypt })
    const server = await startLatchkey({ users: [table(database.url, { rehash: false })] })
    expect((await login(server, 'ada')).status).to.equal(200)
    await server.stop()
    expect(rehashed(server)).to.have.lengthOf(0)
    expect(await stored(database, 'ada')).to.equal(bcrypt)
    await database.remove()
  })

  it('is always on for our own table', async () => {
    const server = await startLatchkey()
    try {
      const { id } = await server.accounts.add({ username: 'old', hash: bcrypt })
      expect(await loginAndWait(server, 'old')).to.include({ sub: id, replaced: true })
      expect((await server.accounts.show('old')).hash).to.match(/^\$argon2id\$/)
      expect((await login(server, 'old')).status).to.equal(200)
    } finally {
      await server.stop()
    }
  })

  it('does not fail a login when the swap fails', async () => {
    const database = await people('postgres', { ada: bcrypt })
    await database.run(
      "create function refuse() returns trigger language plpgsql as 'begin raise exception ''no''; end'",
      'create trigger refusing before update on people for each row execute function refuse()',
    )
    const server = await startLatchkey({ users: [table(database.url)] })
    try {
      expect((await login(server, 'ada')).status).to.equal(200)
      const [line] = await until(
        () => server.log.filter(({ msg }) => msg === 'a password hash was not replaced'),
        ({ length }) => length > 0,
      )
      expect(line).to.include({ sub: '1' })
      expect(JSON.stringify(line)).not.to.contain('$')
    } finally {
      await server.stop()
    }
  })

  it('never lets a database cut the new hash to the width of its column', async () => {
    const database = await people('mariadb', { ada: bcrypt })
    await database.run('alter table people modify pw varchar(60)')
    const { run: order } = await mariadb()
    await order('mysql', "set @@global.sql_mode = ''")
    const server = await startLatchkey({ users: [table(database.url)] })
    try {
      expect((await login(server, 'ada')).status).to.equal(200)
      await until(
        () => server.log.some(({ msg }) => msg === 'a password hash was not replaced'),
        Boolean,
      )
      expect(await stored(database, 'ada')).to.equal(bcrypt)
    } finally {
      await order('mysql', 'set @@global.sql_mode = default')
      await server.stop()
    }
  })
})
