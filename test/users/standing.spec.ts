import { expect } from 'chai'
import {
  cheaply,
  type Latchkey,
  secret,
  startLatchkey,
  type TokenAnswer,
} from '../parts/latchkey.ts'
import { until } from '../parts/until.ts'
import { databaseIn, type TestDatabase } from './people-table.ts'

const names = ['stays', 'leaves', 'changes', 'vanishes', 'pauses', 'refreshes'] as const
type Name = (typeof names)[number]

/** Only the owner's application writes to this table; nobody calls us. */
describe('users who are disabled, or change the password, in the owner’s table', () => {
  let database: TestDatabase
  let server: Latchkey
  const logins = {} as Record<Name, TokenAnswer>

  const introspect = async (name: Name, answer = logins[name]) => {
    const form = { token: answer.access_token }
    const { json } = await server.post('/introspect', form, { basic: `resource-server:${secret}` })
    return json.active
  }
  const refresh = async (name: Name) => {
    const { json } = await server.post('/token', {
      grant_type: 'refresh_token',
      refresh_token: logins[name].refresh_token,
      client_id: 'web',
    })
    return json.error ?? 'issued'
  }
  const me = async (name: Name) => {
    const headers = { Authorization: `Bearer ${logins[name].access_token}` }
    return (await fetch(`${server.issuer}/users/me`, { headers })).status
  }
  const set = (name: Name, change: string) =>
    database.run(`update people set ${change} where login = '${name}'`)

  before(async () => {
    database = await databaseIn('sqlite')
    const hash = await cheaply('secret')
    await database.run(
      'create table people (id text primary key, login text, pw text, active integer, changed integer)',
      ...names.map(
        (name) => `insert into people values ('${name}', '${name}', '${hash}', 1, 1000)`,
      ),
    )
    const columns = {
      id: 'id',
      username: 'login',
      password: 'pw',
      active: 'active',
      passwordChangedAt: 'changed',
    }
    server = await startLatchkey({
      users: [{ type: 'sql', url: database.url, table: 'people', columns }],
    })
    for (const name of names) {
      logins[name] = await server.login({ username: name })
      expect(await introspect(name), name).to.equal(true)
    }
    await set('leaves', 'active = 0')
    await set('pauses', 'active = 0')
    await set('changes', `changed = ${Date.now() + 1}, pw = '${await cheaply('another')}'`)
    await database.run("delete from people where login = 'vanishes'")
  })
  after(async () => {
    await server.stop()
    await database.remove()
  })

  it('are out at introspection soon, and everybody else is not', async () => {
    const out = ['leaves', 'changes', 'vanishes', 'pauses'] as const
    await Promise.all(
      out.map((name) =>
        until(
          () => introspect(name),
          (active) => active === false,
        ),
      ),
    )
    expect(await introspect('stays')).to.equal(true)
    for (const name of out) expect(await me(name), name).to.equal(401)
    expect(await me('stays')).to.equal(200)
  })

  it('are out for good: a login that introspection saw end never comes back', async () => {
    await set('pauses', 'active = 1')
    await set('changes', 'changed = 1000')
    for (const name of ['pauses', 'changes'] as const) {
      expect(await introspect(name), name).to.equal(false)
      expect(await refresh(name), name).to.equal('invalid_grant')
      expect(await me(name), name).to.equal(401)
    }
    expect(await refresh('stays')).to.equal('issued')
  })

  it('are in again at once with a new login, whatever was known of them', async () => {
    const again = await server.login({ username: 'pauses' })
    expect(await introspect('pauses', again)).to.equal(true)
    await set('changes', `changed = ${Date.now()}`)
    const other = await server.login({ username: 'changes', password: 'another' })
    expect(await introspect('changes', other)).to.equal(true)
  })

  it('are refused at the very next refresh, which asks the table itself', async () => {
    await set('refreshes', 'active = 0')
    expect(await refresh('refreshes')).to.equal('invalid_grant')
    await set('refreshes', 'active = 1')
    expect(await introspect('refreshes')).to.equal(false)
  })

  it('are not logged out by a table that cannot be read', async () => {
    await database.run('alter table people rename to away')
    const answer = await server.post('/token', {
      grant_type: 'refresh_token',
      refresh_token: logins.stays.refresh_token,
      client_id: 'web',
    })
    await database.run('alter table away rename to people')
    expect(answer.status).to.equal(503)
    expect(answer.headers.get('retry-after')).to.match(/^\d+$/)
    expect(await introspect('stays')).to.equal(true)
  })
})
