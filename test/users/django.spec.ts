import { join } from 'node:path'
import { expect } from 'chai'
import type { Directory, User } from '../../src/users/directory.ts'
import { openSqlDirectory, type SqlOptions } from '../../src/users/sql.ts'
import { mariadb, postgres } from '../parts/database-servers.ts'
import { type Django, djangoOver } from '../parts/django.ts'
import { temporaryFolder } from '../parts/temporary-folder.ts'
import { mayEnter, password, passwords } from './people.ts'

const hashed = [
  'argon2',
  'bcrypt_sha256',
  'bcrypt',
  'pbkdf2',
  'passlib_argon2',
  'passlib_bcrypt',
  'passlib_bcrypt_sha256',
]

for (const flavour of ['SQLite', 'PostgreSQL', 'MariaDB'] as const) {
  describe(`Django's auth_user in ${flavour}, made by Django`, () => {
    let folder: Awaited<ReturnType<typeof temporaryFolder>>
    let url: string
    let django: Django
    let ids: Readonly<Record<string, string>>
    let directory: Directory

    const open = (more: Partial<SqlOptions> = {}) =>
      openSqlDirectory({
        name: 'django',
        url,
        preset: 'django',
        connections: 4,
        timeout: 2000,
        rehash: false,
        ...more,
      })

    const databases = {
      SQLite: async () => `sqlite:${join(folder.path, 'django.sqlite')}`,
      PostgreSQL: async () => (await postgres()).createDatabase('django'),
      MariaDB: async () => (await mariadb()).createDatabase('django'),
    }

    before(async () => {
      folder = await temporaryFolder()
      url = await databases[flavour]()
      django = djangoOver(url)
      ids = await django.make()
      directory = open()
    })
    after(async () => {
      await directory.close()
      await folder[Symbol.asyncDispose]()
    })

    const find = async (name: string, where = directory): Promise<User> => {
      const user = await where.findByLogin(name)
      if (!user) throw new Error(`no ${name}`)
      return user
    }

    for (const name of hashed) {
      it(`lets a user with a hash by ${name} in, and no other password`, async () => {
        const user = await find(name)
        expect(user.id).to.equal(ids[name])
        expect(await mayEnter(directory, user, password)).to.equal(true)
        expect(await mayEnter(directory, user, 'wrong')).to.equal(false)
      })
    }

    it('reads names, and the address', async () => {
      expect(await find('argon2')).to.include({
        fullName: 'Ada Lovelace',
        email: 'argon2@example.com',
        disabled: false,
      })
      expect(await find('bcrypt')).to.include({ fullName: 'Lovelace' })
    })

    it('sees an unusable password as none, and is_active', async () => {
      expect((await find('unusable')).hash).to.equal(undefined)
      expect(await find('inactive')).to.include({ disabled: true })
    })

    it('takes names byte for byte and e-mail addresses only when told, as Django does', async () => {
      expect(await directory.findByLogin('ARGON2')).to.equal(undefined)
      expect(await directory.findByLogin('argon2@example.com')).to.equal(undefined)
      const both = open({ login: ['username', 'email'], ignoreEmailCase: true })
      expect(await both.findByLogin('Argon2@Example.com')).to.include({ username: 'argon2' })
      await both.close()
    })

    it('knows groups, for scopes and a claim', async () => {
      const groups = { scopes: { editors: ['pages:write'] }, claim: 'groups' }
      const grouped = open({ groups, scopes: ['me'] })
      await grouped.check()
      const ada = await find('argon2', grouped)
      expect(ada.scopes).to.deep.equal(['me', 'pages:write'])
      expect(ada.claims).to.deep.equal({ groups: ['editors'] })
      expect((await find('bcrypt', grouped)).scopes).to.deep.equal(['me'])
      await grouped.close()
    })

    it('reads every hash, page by page', async () => {
      const seen = new Map<string, string | undefined>()
      for await (const { id, hash } of directory.scan?.() ?? []) seen.set(id, hash)
      expect([...seen.keys()].sort()).to.deep.equal(Object.values(ids).sort())
      expect(seen.get(ids.unusable ?? '')).to.match(/^!/)
    })

    it('writes nothing unless it is told to', () => {
      expect(directory.replaceHash).to.equal(undefined)
    })

    it('replaces a hash once, by one that Django reads', async () => {
      const writing = open({ rehash: true })
      const user = await find('passlib_bcrypt', writing)
      expect(user.rehashTo).to.equal('argon2')
      const old = user.hash ?? ''
      const next = await passwords.hash(password, old)
      const outcomes = await Promise.all(
        Array.from({ length: 5 }, () => writing.replaceHash?.(user, old, next)),
      )
      expect(outcomes.filter(Boolean)).to.have.lengthOf(1)
      expect(await writing.replaceHash?.(user, old.toUpperCase(), old)).to.equal(false)
      expect((await find('passlib_bcrypt')).hash).to.equal(next)
      await writing.close()
      expect(await django.check('passlib_bcrypt', password)).to.equal(true)
      expect(await django.check('passlib_bcrypt', 'wrong')).to.equal(false)
    })
  })
}
