import { rename } from 'node:fs/promises'
import { expect } from 'chai'
import { DirectoryUnavailable } from '../../src/users/directory.ts'
import { conformsToDirectory } from './conformance.ts'
import { type Flavour, openPeople, peopleIn, type TestDatabase, truth } from './people-table.ts'
import { refusal } from './refusal.ts'

for (const flavour of ['sqlite', 'postgres', 'mariadb'] as const satisfies Flavour[]) {
  describe(`users in a table of the owner's: ${flavour}`, () => {
    let table: TestDatabase
    after(() => table.remove())

    const traits = { ignoresCase: false, ...(flavour === 'sqlite' && { file: true as const }) }
    conformsToDirectory(traits, async () => {
      table = await peopleIn(flavour)
      return {
        open: async () => openPeople(table.url),
        setDisabled: (username, disabled) =>
          table.run(
            `update people set enabled = ${truth(!disabled, flavour)} where login = '${username}'`,
          ),
        setEmail: (username, email) =>
          table.run(`update people set mail = '${email}' where login = '${username}'`),
        beginOutage: () => table.server().then((server) => server.kill()),
        endOutage: () => table.server().then((server) => server.restart()),
      }
    })
  })
}

describe('a SQLite file that is not there', () => {
  it('is unavailable until it appears', async () => {
    const table = await peopleIn('sqlite')
    const path = table.url.slice('sqlite:'.length)
    await rename(path, `${path}.away`)
    const directory = openPeople(table.url)
    expect(await refusal(directory.findByLogin('ada'))).to.be.instanceOf(DirectoryUnavailable)
    await rename(`${path}.away`, path)
    expect(await directory.findByLogin('ada')).to.include({ username: 'ada' })
    await directory.close()
    await table.remove()
  })
})
