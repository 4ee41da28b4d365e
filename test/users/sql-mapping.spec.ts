import { expect } from 'chai'
import { DirectoryUnavailable, type User } from '../../src/users/directory.ts'
import { openSqlDirectory, type SqlOptions } from '../../src/users/sql.ts'
import { type Flavour, mapping, openPeople, peopleIn, type TestDatabase } from './people-table.ts'
import { refusal } from './refusal.ts'

for (const flavour of ['sqlite', 'postgres', 'mariadb'] as const satisfies Flavour[]) {
  describe(`what a table says about a user: ${flavour}`, () => {
    let table: TestDatabase
    before(async () => {
      table = await peopleIn(flavour)
    })
    after(() => table.remove())

    const find = async (more: Partial<SqlOptions>, name = 'ada'): Promise<User | undefined> => {
      const directory = openPeople(table.url, more)
      try {
        return await directory.findByLogin(name)
      } finally {
        await directory.close()
      }
    }
    const columns = { id: 'person_id', username: 'login', email: 'mail', password: 'pw' }

    it('when the password changed, in UTC where no zone is written', async () => {
      await table.run("update people set changed = '2026-03-04 05:06:07' where login = 'ada'")
      const user = await find({})
      expect(user?.passwordChangedAt).to.equal(Date.UTC(2026, 2, 4, 5, 6, 7))
      expect((await find({}, "o'brien"))?.passwordChangedAt).to.equal(undefined)
    })

    it('nobody, of a row that the conditions leave out', async () => {
      expect(await find({ where: { role: 'author' } })).to.include({ username: 'ada' })
      expect(await find({ where: { role: 'author', changed: null } })).to.equal(undefined)
      expect(await find({ where: { role: 'reader' } })).to.equal(undefined)
    })

    it('active, by words of its own', async () => {
      const words = { columns: { ...columns, active: 'role' } }
      expect(await find({ ...words, activeValues: ['author'] })).to.include({ disabled: false })
      expect(await find({ ...words, activeValues: ['reader'] })).to.include({ disabled: true })
      expect(await find(words)).to.include({ disabled: true })
    })

    it('disabled, by a time', async () => {
      const times = { columns: { ...columns, disabled: 'changed' } }
      expect(await find(times)).to.include({ disabled: true })
      expect(await find(times, "o'brien")).to.include({ disabled: false })
    })

    it('scopes: those of everyone and those in a column; all where no rule is', async () => {
      const own = { columns: { ...columns, scopes: 'may' } }
      expect((await find({ ...own, scopes: ['me'] }))?.scopes).to.deep.equal([
        'me',
        'items:read',
        'items:write',
      ])
      expect((await find(own, "o'brien"))?.scopes).to.deep.equal([])
      expect((await find({ columns, scopes: ['me'] }))?.scopes).to.deep.equal(['me'])
      expect((await find({ columns }))?.scopes).to.equal(undefined)
    })

    it('as little as is mapped', async () => {
      const user = await find({ columns, claims: {} })
      expect(Object.keys(user ?? {}).sort()).to.deep.equal([
        'disabled',
        'email',
        'hash',
        'id',
        'username',
      ])
    })

    it('that it has no such column or table, before anybody logs in', async () => {
      for (const wrong of [{ columns: { ...columns, email: 'nope' } }, { table: 'nope' }]) {
        const directory = openPeople(table.url, wrong)
        const failure = await refusal(directory.check())
        expect(failure).to.be.instanceOf(DirectoryUnavailable)
        expect(String(failure)).to.match(/nope/)
        await directory.close()
      }
    })

    it('through a query of the owner’s, with the name as a parameter', async () => {
      const from = flavour === 'postgres' ? 'from public.people' : 'from people'
      const select = `select person_id as id, login, pw, enabled ${from}`
      const query = {
        byLogin: `${select} where lower(mail) = lower(:login) or login = :login`,
        byId: `${select} where person_id = ${flavour === 'postgres' ? ':id::bigint' : ':id'}`,
      }
      const mapped = { id: 'id', username: 'login', password: 'pw', active: 'enabled' }
      const own = openPeople(table.url, { query, table: undefined, claims: {}, columns: mapped })
      const user = await own.findByLogin('ADA@example.com')
      expect(user).to.include({ username: 'ada', disabled: false })
      expect(await own.findById(user?.id ?? '')).to.deep.equal(user)
      expect(await own.findByLogin("' or 1=1 --")).to.equal(undefined)
      expect(own.scan).to.equal(undefined)
      await own.close()

      const missing = { ...mapped, disabled: 'locked' }
      const wrong = openPeople(table.url, { query, claims: {}, columns: missing })
      expect(String(await refusal(wrong.findByLogin('ada')))).to.match(/no column locked/)
      await wrong.close()
    })

    it('every hash, in pages', async () => {
      const many = Array.from({ length: 1200 }, (_, i) => {
        // Beyond 2^53 neighbours are one number to whoever compares them as such.
        return `(9100000000000000000 + ${i}, 'user${i}', 'hash${i}')`
      })
      await table.run(`insert into people (person_id, login, pw) values ${many.join(', ')}`)
      const directory = openPeople(table.url)
      const seen = new Set<string>()
      for await (const { id, hash } of directory.scan?.() ?? []) {
        expect(hash).to.be.a('string')
        seen.add(id)
      }
      expect(seen.size).to.equal(1205)
      expect([...seen]).to.include.members(['9007199254740992', '9007199254740993'])
      await directory.close()
    })

    it('nothing through replaceHash when it is not allowed to write', async () => {
      const directory = openPeople(table.url)
      expect(directory.replaceHash).to.equal(undefined)
      await directory.close()
    })
  })
}

describe('rehash over a role that may only read', () => {
  it('leaves the hash alone, and says so in the log', async () => {
    const table = await peopleIn('postgres')
    await table.run('create role reader login', 'grant select on people to reader')
    const warned: string[] = []
    const url = table.url.replace('latchkey@', 'reader@')
    const directory = openSqlDirectory(
      { ...mapping, url, rehash: true, rehashTo: 'argon2' },
      { warn: (_, message) => warned.push(message) },
    )
    const user = await directory.findByLogin('ada')
    if (!user) throw new Error('no ada')
    expect(await directory.replaceHash?.(user, user.hash ?? '', 'next')).to.equal(false)
    expect(warned).to.have.lengthOf(1)
    const { rehashTo, ...rest } = user
    expect(rehashTo).to.equal('argon2')
    expect(await directory.findByLogin('ada'), 'offers nothing any more').to.deep.equal(rest)
    await directory.close()
    await table.run('revoke all on people from reader', 'drop role reader')
  })
})
