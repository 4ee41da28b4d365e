import { expect } from 'chai'
import { cheaply, type Latchkey, secret, startLatchkey } from '../parts/latchkey.ts'
import { type Slapd, startSlapd, suffix } from '../parts/slapd.ts'
import { databaseIn, type TestDatabase } from './people-table.ts'

interface Scene {
  readonly server: Latchkey
  /** Takes ada out of the editors and makes her a reader. */
  demote(): Promise<void>
  end(): Promise<void>
}

/** Editors write, everybody reads; role and groups are told, the salary is not. */
const rules = { scopes: ['read', 'peek'], claims: { role: 'role' } }
const editors = { scopes: { editors: ['write'] }, claim: 'groups' }

async function inSql(): Promise<Scene> {
  const database: TestDatabase = await databaseIn('sqlite')
  const hash = await cheaply('secret')
  await database.run(
    'create table people (id text primary key, login text, pw text, role text, salary text)',
    'create table members (person text, team text)',
    `insert into people values ('a1', 'ada', '${hash}', 'author', 'canary'), ('b1', 'bob', '${hash}', 'reader', 'canary')`,
    "insert into members values ('a1', 'editors'), ('a1', 'chess')",
  )
  const server = await startLatchkey({
    users: [
      {
        type: 'sql',
        url: database.url,
        table: 'people',
        columns: { id: 'id', username: 'login', password: 'pw' },
        ...rules,
        groups: { ...editors, members: { table: 'members', user: 'person', group: 'team' } },
      },
    ],
  })
  return {
    server,
    demote: () =>
      database.run(
        "delete from members where team = 'editors'",
        "update people set role = 'reader'",
      ),
    async end() {
      await server.stop()
      await database.remove()
    },
  }
}

async function inLdap(): Promise<Scene> {
  const person = (uid: string, title: string) =>
    `dn: uid=${uid},${suffix}\nobjectClass: inetOrgPerson\nuid: ${uid}\ncn: ${uid}\nsn: ${uid}\ntitle: ${title}\ndescription: canary\nuserPassword: secret`
  const group = (name: string) =>
    `dn: cn=${name},${suffix}\nobjectClass: groupOfNames\ncn: ${name}\nmember: uid=ada,${suffix}\nmember: cn=admin,${suffix}`
  const slapd: Slapd = await startSlapd(
    [person('ada', 'author'), person('bob', 'reader'), group('editors'), group('chess')].join(
      '\n\n',
    ),
  )
  const { url, bindDn, bindPassword } = slapd
  const server = await startLatchkey({
    users: [
      {
        type: 'ldap',
        ...{ url, bindDn, bindPassword, baseDn: suffix },
        filter: '(objectClass=inetOrgPerson)',
        ...{ ...rules, claims: { role: 'title' } },
        groups: { ...editors, baseDn: suffix },
      },
    ],
  })
  return {
    server,
    async demote() {
      slapd.modify(
        `dn: cn=editors,${suffix}\nchangetype: modify\ndelete: member\nmember: uid=ada,${suffix}\n\ndn: uid=ada,${suffix}\nchangetype: modify\nreplace: title\ntitle: reader\n`,
      )
    },
    async end() {
      await server.stop()
      await slapd.stop()
    },
  }
}

const payload = (jwt: string) =>
  JSON.parse(Buffer.from(jwt.split('.')[1] ?? '', 'base64url').toString())

for (const [where, prepare] of [
  ['a table', inSql],
  ['an LDAP tree', inLdap],
] as const) {
  describe(`what ${where} says about a user reaches the tokens`, () => {
    let scene: Scene
    let server: Latchkey
    before(async () => {
      scene = await prepare()
      server = scene.server
    })
    after(() => scene.end())

    const introspect = async (token: string) =>
      (await server.post('/introspect', { token }, { basic: `resource-server:${secret}` })).json

    it('scopes of the group and of everybody, and the claims that are listed', async () => {
      const answer = await server.login({ username: 'ada' })
      expect(answer.scope).to.equal('read write')
      const claims = payload(answer.access_token)
      expect(claims).to.include({ scope: 'read write', role: 'author' })
      expect(claims.groups).to.have.members(['editors', 'chess'])
      expect(JSON.stringify(claims)).not.to.contain('canary')
      const told = await introspect(answer.access_token)
      expect(told).to.include({ active: true, scope: 'read write', role: 'author' })
      expect(told.groups).to.deep.equal(claims.groups)
    })

    it('also where the token is opaque', async () => {
      const { access_token: token, scope } = await server.login({ username: 'ada', scope: 'peek' })
      expect(scope).to.equal('peek')
      expect(token).not.to.contain('.')
      const told = await introspect(token)
      expect(told).to.include({ active: true, scope: 'peek', role: 'author' })
      expect(told.groups).to.have.members(['editors', 'chess'])
      expect(JSON.stringify(told)).not.to.contain('canary')
    })

    it('less for whoever is in no group', async () => {
      const answer = await server.login({ username: 'bob', scope: 'read write' })
      expect(answer.scope).to.equal('read')
      const claims = payload(answer.access_token)
      expect(claims).to.deep.include({ scope: 'read', role: 'reader', groups: [] })
      const refused = await server.post('/token', {
        grant_type: 'password',
        username: 'bob',
        password: 'secret',
        client_id: 'web',
        scope: 'write',
      })
      expect(refused.json.error).to.equal('invalid_scope')
    })

    it('what it says now, at every refresh', async () => {
      const { refresh_token: token } = await server.login({ username: 'ada' })
      await scene.demote()
      const { json } = await server.post('/token', {
        grant_type: 'refresh_token',
        refresh_token: token,
        client_id: 'web',
      })
      expect(json.scope).to.equal('read')
      expect(payload(json.access_token)).to.deep.include({
        scope: 'read',
        role: 'reader',
        groups: ['chess'],
      })
    })
  })
}
