import { conformsToDirectory } from './conformance.ts'
import { type Flavour, openPeople, peopleIn, type TestDatabase, truth } from './people-table.ts'

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
