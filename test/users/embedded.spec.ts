import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'chai'
import { openAccounts, UserFault } from '../../src/users/embedded/accounts.ts'
import { openEmbeddedDirectory } from '../../src/users/embedded.ts'
import { temporaryFolder } from '../parts/temporary-folder.ts'
import { conformsToDirectory } from './conformance.ts'
import { password, passwords, people } from './people.ts'
import { refusal } from './refusal.ts'

/** Accounts and the directory over one file of their own. */
async function scene() {
  const folder = await temporaryFolder()
  const path = join(folder.path, 'data', 'users.sqlite')
  const accounts = openAccounts(path)
  const directory = openEmbeddedDirectory({ name: 'embedded', path, claims: { role: 'id' } })
  return {
    path,
    accounts,
    directory,
    async [Symbol.asyncDispose]() {
      await accounts.close()
      await directory.close()
      await folder[Symbol.asyncDispose]()
    },
  }
}

describe('users in our own table', () => {
  describe('as a directory', () => {
    let at: Awaited<ReturnType<typeof scene>>
    before(async () => {
      at = await scene()
      const hash = await passwords.hash(password)
      for (const { given, family, role, ...one } of people) {
        const id = one.username === 'ada' ? role : one.id
        await at.accounts.add({ ...one, id, fullName: `${given} ${family}`, hash })
      }
    })
    after(() => at[Symbol.asyncDispose]())

    const traits = { ignoresCase: true, unique: true, file: true } as const
    conformsToDirectory(traits, async () => ({
      open: async () => openEmbeddedDirectory({ name: 'e', path: at.path, claims: { role: 'id' } }),
      setDisabled: async (username, disabled) => {
        await at.accounts[disabled ? 'disable' : 'enable'](username)
      },
      setEmail: () => Promise.reject(new Error('unique')),
      beginOutage: () => Promise.reject(new Error('a file')),
      endOutage: () => Promise.reject(new Error('a file')),
    }))
  })

  it('are in a file that nobody else can read', async () => {
    await using at = await scene()
    await at.directory.check()
    expect((await stat(at.path)).mode & 0o777).to.equal(0o600)
    expect((await stat(join(at.path, '..'))).mode & 0o777).to.equal(0o700)
  })

  it('ignore case beyond ASCII, and never accents', async () => {
    await using at = await scene()
    await at.accounts.add({ username: 'Ñandú' })
    for (const name of ['ñandú', 'ÑANDÚ', 'n\u0303ANDU\u0301']) {
      expect(await at.directory.findByLogin(name)).to.include({ username: 'Ñandú' })
    }
    expect(await at.directory.findByLogin('nandu')).to.equal(undefined)
  })

  it('have names and addresses that are nobody else’s name or address', async () => {
    await using at = await scene()
    await at.accounts.add({ username: 'José', email: 'jose@example.com' })
    for (const other of [
      { username: 'JOSE\u0301' },
      { username: 'Jose@Example.com' },
      { username: 'other', email: 'JOSE@example.com' },
    ]) {
      expect(await refusal(at.accounts.add(other))).to.be.instanceOf(UserFault)
    }
    await at.accounts.add({ username: 'jose' })
  })

  it('refuse what is no name, address, scope or text', async () => {
    await using at = await scene()
    for (const bad of [
      { username: '' },
      { username: ' ada' },
      { username: 'a\u0000b' },
      { username: 'a'.repeat(321) },
      { username: 'ada', email: 'not an address' },
      { username: 'ada', fullName: 'a\u001b[31m' },
      { username: 'ada', scopes: ['two words'] },
    ]) {
      expect(await refusal(at.accounts.add(bad)), JSON.stringify(bad)).to.be.instanceOf(UserFault)
    }
  })

  it('may have every scope when none is named, and none when the list is empty', async () => {
    await using at = await scene()
    await at.accounts.add({ username: 'all' })
    await at.accounts.add({ username: 'none', scopes: [] })
    expect((await at.directory.findByLogin('all'))?.scopes).to.equal(undefined)
    expect((await at.directory.findByLogin('none'))?.scopes).to.deep.equal([])
  })

  it('keep the time of a new password, and not of a rehash', async () => {
    await using at = await scene()
    const { id } = await at.accounts.add({ username: 'ada', hash: 'old' })
    expect(await at.directory.findById(id)).to.not.have.property('passwordChangedAt')
    const before = Date.now()
    await at.accounts.setPassword('ada', 'new')
    const changed = (await at.directory.findById(id))?.passwordChangedAt
    expect(changed).to.be.within(before, Date.now())
    const user = await at.directory.findById(id)
    if (!user) throw new Error('no ada')
    expect(user.rehashTo).to.equal('argon2')
    expect(await at.directory.replaceHash?.(user, 'old', 'x')).to.equal(false)
    expect(await at.directory.replaceHash?.(user, 'new', 'rehashed')).to.equal(true)
    expect(await at.directory.findById(id)).to.include({
      hash: 'rehashed',
      passwordChangedAt: changed,
    })
  })

  it('are gone when removed', async () => {
    await using at = await scene()
    const { id } = await at.accounts.add({ username: 'ada' })
    await at.accounts.remove('ADA')
    expect(await at.directory.findById(id)).to.equal(undefined)
    expect(await refusal(at.accounts.remove('ada'))).to.be.instanceOf(UserFault)
  })

  it('are added all together or not at all', async () => {
    await using at = await scene()
    await at.accounts.atomically(async (within) => {
      await within.add({ username: 'ada' })
      return false
    })
    const failing = at.accounts.atomically(async (within) => {
      await within.add({ username: 'bob' })
      throw new Error('power cut')
    })
    expect(String(await refusal(failing))).to.include('power cut')
    expect(await Array.fromAsync(at.accounts.list())).to.deep.equal([])
  })
})
