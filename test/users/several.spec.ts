import { join } from 'node:path'
import { expect } from 'chai'
import { AmbiguousUser, DirectoryUnavailable } from '../../src/users/directory.ts'
import { openAccounts } from '../../src/users/embedded/accounts.ts'
import { openDirectories } from '../../src/users/index.ts'
import { severalDirectories } from '../../src/users/several.ts'
import { temporaryFolder } from '../parts/temporary-folder.ts'
import { type ServedUser, startUserService } from '../parts/user-service.ts'
import { openPeople, peopleIn } from './people-table.ts'
import { refusal } from './refusal.ts'

const secret = 'a secret of at least 32 characters'

/** An embedded directory, then one over HTTP whose ids begin with `staff:`. */
async function scene(served: readonly ServedUser[] = []) {
  const folder = await temporaryFolder()
  const path = join(folder.path, 'users.sqlite')
  const accounts = openAccounts(path)
  const service = await startUserService(secret, 'served', [...served])
  const warnings: string[] = []
  const directory = openDirectories(
    [
      { type: 'embedded', name: 'own', subjectPrefix: '', path },
      {
        type: 'http',
        name: 'staff',
        subjectPrefix: 'staff:',
        url: service.url,
        secret,
        connections: 4,
        timeout: 2000,
        claims: [],
      },
    ],
    { warn: (_, message) => warnings.push(message) },
  )
  return {
    accounts,
    service,
    directory,
    warnings,
    async [Symbol.asyncDispose]() {
      await directory.close()
      await accounts.close()
      await service.close()
      await folder[Symbol.asyncDispose]()
    },
  }
}

const served = (id: string, username: string) => ({ id, username, disabled: false })

describe('several directories, in order', () => {
  it('find users of each, with ids that cannot meet', async () => {
    await using at = await scene([served('7', 'eve')])
    await at.accounts.add({ id: '7', username: 'ada', hash: 'hash' })
    const [ada, eve] = [
      await at.directory.findByLogin('ada'),
      await at.directory.findByLogin('eve'),
    ]
    expect([ada?.id, eve?.id]).to.deep.equal(['7', 'staff:7'])
    expect(await at.directory.findById('7')).to.deep.equal(ada)
    expect(await at.directory.findById('staff:7')).to.deep.equal(eve)
    expect(await at.directory.findById('staff:8')).to.equal(undefined)
  })

  it('let the first that has a name decide about it, alone', async () => {
    await using at = await scene([served('7', 'ada')])
    await at.accounts.add({ id: '1', username: 'ada', hash: 'hash', disabled: true })
    const user = await at.directory.findByLogin('ada')
    expect(user).to.include({ id: '1', disabled: true })
    expect(at.service.questions).to.deep.equal([])
    if (!user) throw new Error('no ada')
    expect(await at.directory.checkPassword?.(user, 'served')).to.equal(undefined)
  })

  it('ask the directory of the user about the password and the hash', async () => {
    await using at = await scene([served('7', 'eve')])
    const { id } = await at.accounts.add({ username: 'ada', hash: 'old' })
    const [ada, eve] = [await at.directory.findById(id), await at.directory.findByLogin('eve')]
    if (!ada || !eve) throw new Error('users are missing')
    expect(await at.directory.checkPassword?.(eve, 'served')).to.equal(true)
    expect(await at.directory.checkPassword?.(eve, 'wrong')).to.equal(false)
    expect(await at.directory.replaceHash?.(eve, 'old', 'new')).to.equal(false)
    expect(await at.directory.replaceHash?.(ada, 'old', 'new')).to.equal(true)
  })

  it('refuse a user whose id looks like that of another directory', async () => {
    await using at = await scene([served('7', 'eve')])
    await at.accounts.add({ id: 'staff:7', username: 'mallory', hash: 'hash' })
    expect(await at.directory.findByLogin('mallory')).to.equal(undefined)
    expect(await at.directory.findById('staff:7')).to.include({ username: 'eve' })
    expect(at.warnings).to.have.lengthOf(1)
  })

  it('stop at one that cannot be asked: the name might be its own', async () => {
    await using at = await scene()
    at.service.instead = (_, response) => response.writeHead(503).end()
    await at.accounts.add({ username: 'ada' })
    expect(await at.directory.findByLogin('ada')).to.include({ username: 'ada' })
    expect(await refusal(at.directory.findByLogin('bob'))).to.be.instanceOf(DirectoryUnavailable)
    expect(await refusal(at.directory.check())).to.be.instanceOf(DirectoryUnavailable)
  })

  it('stop at one where the name means two users', async () => {
    const table = await peopleIn('sqlite')
    await table.run("update people set login = 'ada' where login = 'bob'")

    const directory = severalDirectories([
      { directory: openPeople(table.url), subjectPrefix: '' },
      { directory: openPeople(table.url), subjectPrefix: 'again:' },
    ])
    expect(await refusal(directory.findByLogin('ada'))).to.be.instanceOf(AmbiguousUser)
    await directory.close()
    await table.remove()
  })

  it('list every hash with the id it has in tokens', async () => {
    await using at = await scene([served('7', 'eve')])
    await at.accounts.add({ id: '1', username: 'ada', hash: 'hash' })
    const hashes = await Array.fromAsync(at.directory.scan?.() ?? [])
    expect(hashes).to.deep.equal([{ id: '1', hash: 'hash' }])
  })

  it('is the directory itself where there is one', async () => {
    const folder = await temporaryFolder()
    const path = join(folder.path, 'users.sqlite')
    const directory = openDirectories([{ type: 'embedded', name: 'own', subjectPrefix: '', path }])
    expect(directory.checkPassword).to.equal(undefined)
    expect(directory.name).to.equal('own')
    await directory.close()
    await folder[Symbol.asyncDispose]()
  })
})
