import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'chai'
import { openDirectories } from '../../src/users/index.ts'
import { faults, load, valid } from './scene.ts'

const withUsers = (...entries: readonly string[]) =>
  `${valid}\nusers:\n${entries.map((entry) => `  - ${entry}`).join('\n')}\n`

const db = 'url: "postgres://latchkey@db.example/shop"'
const ldap = 'type: ldap, baseDn: "dc=example,dc=com"'
const secret = 'secret: "a secret of at least 32 characters"'

const good: Readonly<Record<string, readonly string[]>> = {
  'a preset alone': [`{ type: sql, ${db}, preset: django }`],
  'a preset with changes': [
    `{ type: sql, ${db}, preset: devise, columns: { disabled: locked_at }, where: { deleted_at: null } }`,
  ],
  'a mapping': [
    `{ type: sql, ${db}, table: shop.users, columns: { id: id, username: name, password: hash, fullName: [first, last] } }`,
  ],
  queries: [
    `{ type: sql, ${db}, columns: { id: id, username: name, password: hash }, query: { byLogin: "select * from u where name = :login", byId: "select * from u where id = :id::int" } }`,
  ],
  LDAPS: [`{ ${ldap}, url: "ldaps://ldap.example", bindDn: "cn=reader", bindPassword: word }`],
  'plain LDAP on this machine': [`{ ${ldap}, url: "ldap://127.0.0.1:1389" }`],
  'a callout': [`{ type: http, url: "https://users.example/latchkey", ${secret} }`],
  'several with prefixes': [
    '{ type: embedded }',
    `{ type: sql, ${db}, preset: laravel, subjectPrefix: "shop:" }`,
    `{ ${ldap}, url: "ldaps://ldap.example", subjectPrefix: "staff:" }`,
  ],
}

const bad: Readonly<Record<string, readonly [readonly string[], RegExp]>> = {
  'neither preset, table nor query': [
    [`{ type: sql, ${db}, columns: { id: a, username: b, password: c } }`],
    /users\[0\]: write `preset`, `table`/,
  ],
  'a column missing from a mapping': [
    [`{ type: sql, ${db}, table: users, columns: { id: id, username: name } }`],
    /users\[0\]\.columns\.password: missing/,
  ],
  'a login by an address that no column has': [
    [
      `{ type: sql, ${db}, table: users, columns: { id: a, username: b, password: c }, login: [email] }`,
    ],
    /users\[0\]\.columns\.email: missing/,
  ],
  'a query beside a preset': [
    [
      `{ type: sql, ${db}, preset: django, query: { byLogin: "select :login", byId: "select :id" } }`,
    ],
    /users\[0\]\.query: leave out/,
  ],
  'a query without its parameter': [
    [
      `{ type: sql, ${db}, preset: django, query: { byLogin: "select ::login", byId: "select :id" } }`,
    ],
    /users\[0\]\.query\.byLogin: it must use the parameter :login/,
  ],
  'two statements': [
    [
      `{ type: sql, ${db}, preset: django, query: { byLogin: "select :login; drop table u", byId: "select :id" } }`,
    ],
    /without a semicolon/,
  ],
  'a query that is no SELECT': [
    [
      `{ type: sql, ${db}, preset: django, query: { byLogin: "delete from u where a = :login", byId: "select :id" } }`,
    ],
    /byLogin: a SELECT/,
  ],
  'rehash into a table whose application reads no argon2': [
    [`{ type: sql, ${db}, preset: wordpress, rehash: true }`],
    /users\[0\]\.rehash: write `rehashTo: argon2`/,
  ],
  'a claim that is the token’s own': [
    [`{ type: sql, ${db}, preset: django, claims: { scope: groups } }`],
    /the token’s own/,
  ],
  'groups without their table': [
    [`{ type: sql, ${db}, preset: laravel, groups: { claim: groups } }`],
    /users\[0\]\.groups\.members: missing/,
  ],
  'another kind of database': [
    ['{ type: sql, url: "oracle://db", preset: django }'],
    /users\[0\]\.url: write postgres:/,
  ],
  'TLS to MySQL by address': [
    ['{ type: sql, url: "mysql://u:p@10.0.0.1/x?sslmode=require", preset: laravel }'],
    /verifies names alone/,
  ],
  'an unknown option': [
    [`{ type: sql, ${db}, preset: django, colums: {} }`],
    /did you mean `columns`/,
  ],
  'passwords over the network in the clear, LDAP': [
    [`{ ${ldap}, url: "ldap://ldap.example" }`],
    /users\[0\]\.startTls: passwords would cross/,
  ],
  'passwords over the network in the clear, HTTP': [
    [`{ type: http, url: "http://users.example", ${secret} }`],
    /users\[0\]\.url: passwords would cross/,
  ],
  'a short secret': [
    ['{ type: http, url: "https://users.example", secret: short }'],
    /users\[0\]\.secret: at least 32 characters/,
  ],
  'half a name to search by': [
    [`{ ${ldap}, url: "ldaps://ldap.example", bindDn: "cn=reader" }`],
    /both `bindDn` and `bindPassword`/,
  ],
  'a second directory without a prefix': [
    ['{ type: embedded }', `{ type: sql, ${db}, preset: django }`],
    /users\[1\]\.subjectPrefix: missing/,
  ],
  'prefixes that begin the same': [
    [
      '{ type: embedded, subjectPrefix: "a/" }',
      `{ type: sql, ${db}, preset: django, subjectPrefix: "a/" }`,
    ],
    /users\[1\]\.subjectPrefix: another directory/,
  ],
}

describe('users in the configuration', () => {
  for (const [what, entries] of Object.entries(good)) {
    it(`may be ${what}, and are opened without being asked`, async () => {
      const { users } = await load(withUsers(...entries))
      const directory = openDirectories(users)
      expect(directory.name).to.be.a('string')
      await directory.close()
    })
  }

  for (const [what, [entries, message]] of Object.entries(bad)) {
    it(`may not be ${what}`, async () => {
      expect((await faults(withUsers(...entries))).join('\n')).to.match(message)
    })
  }

  it('are as docs/directories.md shows them', async () => {
    const page = await readFile(join(import.meta.dirname, '../../docs/directories.md'), 'utf8')
    const examples = [...page.matchAll(/^```yaml\n(users:[^`]*)^```/gm)].map(
      ([, text = '']) => text,
    )
    expect(examples).to.have.lengthOf.above(4)
    const passwords = { DATABASE_PASSWORD: 'a', LDAP_PASSWORD: 'b', USERS_SECRET: 'c'.repeat(32) }
    for (const text of examples) {
      const complete = text
        .replaceAll("'postgres://…'", 'postgres://a@b/c')
        .replaceAll('://…', '://host')
      expect(await faults(`${valid}\n${complete}`, passwords), text).to.deep.equal([])
    }
  })

  it('are looked up in a table of our own when nothing is said', async () => {
    const { users } = await load(valid)
    expect(users).to.have.lengthOf(1)
    expect(users[0]).to.include({ type: 'embedded', subjectPrefix: '' })
  })

  it('may have a SQLite file beside the configuration', async () => {
    const { users } = await load(withUsers('{ type: sql, url: "sqlite:app.db", preset: tutorial }'))
    expect(users[0])
      .to.have.property('url')
      .that.matches(/^sqlite:\/.*app\.db$/)
  })
})
