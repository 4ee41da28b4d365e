import { expect } from 'chai'
import { AmbiguousUser, type Directory } from '../../src/users/directory.ts'
import type { SqlOptions } from '../../src/users/sql.ts'
import {
  databaseIn,
  type Flavour,
  openPeople,
  peopleIn,
  type TestDatabase,
} from './people-table.ts'
import { refusal } from './refusal.ts'

const typed = { sqlite: 'text', postgres: 'text', mariadb: 'varchar(100)' }

/** A table with one column of names, of this type. */
async function namesIn(flavour: Flavour, type: string, names: readonly string[]) {
  const database = await databaseIn(flavour)
  await database.run(
    ...(type === 'citext' ? ['create extension citext'] : []),
    `create table people (person_id integer primary key, login ${type}, lowered ${typed[flavour]}, pw varchar(100))`,
    ...names.map(
      (name, index) =>
        `insert into people values (${index + 1}, '${name}', '${name.toLowerCase()}', 'hash')`,
    ),
  )
  return database
}

async function use<T>(
  database: TestDatabase,
  more: Partial<SqlOptions>,
  work: (directory: Directory) => Promise<T>,
): Promise<T> {
  const directory = openPeople(database.url, {
    columns: { id: 'person_id', username: 'login', password: 'pw' },
    login: ['username'],
    claims: {},
    ...more,
  })
  try {
    return await work(directory)
  } finally {
    await directory.close()
  }
}

/** What each typed name finds: the stored name, nothing, or two. */
async function found(directory: Directory, names: readonly string[]) {
  const answers = names.map(async (name) => {
    try {
      return (await directory.findByLogin(name))?.username
    } catch (error) {
      return error instanceof AmbiguousUser ? AmbiguousUser : error
    }
  })
  return Promise.all(answers)
}

for (const flavour of ['sqlite', 'postgres', 'mariadb'] as const satisfies Flavour[]) {
  describe(`names in ${flavour}`, () => {
    const opened: TestDatabase[] = []
    const names = async (type: string, ...stored: string[]) => {
      const database = await namesIn(flavour, type, stored)
      opened.push(database)
      return database
    }
    after(() => Promise.all(opened.map((database) => database.remove())))

    it('are compared byte for byte, unless told otherwise', async () => {
      const database = await names(typed[flavour], 'Ada', 'JOSÉ', 'trailing ')
      await use(database, {}, async (directory) => {
        expect(
          await found(directory, ['Ada', 'ada', 'Adá', 'JOSÉ', 'JOSE', 'josé', 'trailing', 'Ada ']),
        ).to.deep.equal([
          'Ada',
          undefined,
          undefined,
          'JOSÉ',
          undefined,
          undefined,
          undefined,
          undefined,
        ])
      })
    })

    it('ignore case when told, never accents', async () => {
      const database = await names(typed[flavour], 'Ada', 'JOSÉ', 'eve')
      await use(database, { ignoreCase: true }, async (directory) => {
        expect(
          await found(directory, ['Ada', 'ADA', 'ada', 'adá', 'JOSÉ', 'jose', 'EVE', 'Eve ']),
        ).to.deep.equal(['Ada', 'Ada', 'Ada', undefined, 'JOSÉ', undefined, 'eve', undefined])
      })
    })

    it('are refused when two are the same but for case, and told apart when case counts', async () => {
      const database = await names(typed[flavour], 'Ada', 'ADA', 'ada', 'àda')
      await use(database, { ignoreCase: true }, async (directory) => {
        expect(await found(directory, ['ada', 'Ada', 'àda'])).to.deep.equal([
          AmbiguousUser,
          AmbiguousUser,
          'àda',
        ])
      })
      await use(database, {}, async (directory) => {
        expect(await found(directory, ['ada', 'Ada', 'ADA', 'àda', 'aDA'])).to.deep.equal([
          'ada',
          'Ada',
          'ADA',
          'àda',
          undefined,
        ])
      })
    })

    it('are found decomposed as they are composed', async () => {
      const database = await names(typed[flavour], 'jose\u0301', 'ren\u00e9')
      for (const ignoreCase of [false, true]) {
        await use(database, { ignoreCase }, async (directory) => {
          const forms = ['jos\u00e9', 'jose\u0301', 'ren\u00e9', 'rene\u0301', 'jose']
          expect(await found(directory, forms)).to.deep.equal([
            'jose\u0301',
            'jose\u0301',
            'ren\u00e9',
            'ren\u00e9',
            undefined,
          ])
        })
      }
    })

    it('are looked up in the column that holds them folded, where there is one', async () => {
      const database = await names(typed[flavour], 'Ada', 'JOSÉ')
      const columns = {
        id: 'person_id',
        username: 'login',
        usernameFolded: 'lowered',
        password: 'pw',
      }
      await use(database, { ignoreCase: true, columns }, async (directory) => {
        expect(await found(directory, ['ADA', 'josé', 'JOSÉ', 'jose'])).to.deep.equal([
          'Ada',
          'JOSÉ',
          'JOSÉ',
          undefined,
        ])
      })
    })
  })
}

const collations: Record<string, readonly [Flavour, string]> = {
  'NOCASE in SQLite': ['sqlite', 'text collate nocase'],
  'citext in PostgreSQL': ['postgres', 'citext'],
  'utf8mb4_bin in MariaDB': ['mariadb', 'varchar(100) character set utf8mb4 collate utf8mb4_bin'],
  'utf8mb4_general_ci in MariaDB': [
    'mariadb',
    'varchar(100) character set utf8mb4 collate utf8mb4_general_ci',
  ],
  'three-byte utf8 in MariaDB': ['mariadb', 'varchar(100) character set utf8mb3'],
  'latin1 in MariaDB': ['mariadb', 'varchar(100) character set latin1'],
}

describe('names in a column with its own idea of equality', () => {
  for (const [what, [flavour, type]] of Object.entries(collations)) {
    it(`are compared as everywhere: ${what}`, async () => {
      const database = await namesIn(flavour, type, ['Ada', 'josé'])
      await use(database, {}, async (directory) => {
        const forms = ['Ada', 'ADA', 'ada', 'josé', 'jose', '😀', 'Ada ', '日本']
        expect(await found(directory, forms)).to.deep.equal([
          'Ada',
          undefined,
          undefined,
          'josé',
          undefined,
          undefined,
          undefined,
          undefined,
        ])
      })
      await database.remove()
    })
  }
})

describe('users in a MariaDB that takes no backslash for an escape', () => {
  it('are safe from names with backslashes and quotes', async () => {
    const table = await peopleIn('mariadb')
    const server = await table.server()
    await server.run('mysql', "set global sql_mode = 'NO_BACKSLASH_ESCAPES'")
    await use(table, { login: ['username'] }, async (directory) => {
      const forms = ["\\' or 1=1 -- ", "\\' or '1'='1", 'a%b_c\\d', "o'brien", 'ada']
      expect(await found(directory, forms)).to.deep.equal([
        undefined,
        undefined,
        'a%b_c\\d',
        "o'brien",
        'ada',
      ])
    })
    await server.run('mysql', 'set global sql_mode = default')
    await table.remove()
  })
})

describe('a name that is one user’s name and another’s address', () => {
  it('is refused', async () => {
    const table = await peopleIn('sqlite')
    await table.run("update people set login = 'ada@example.com' where login = 'bob'")
    await use(table, { login: ['username', 'email'], columns: both }, async (directory) => {
      expect(await refusal(directory.findByLogin('ada@example.com'))).to.be.instanceOf(
        AmbiguousUser,
      )
    })
    await table.remove()
  })

  const both = { id: 'person_id', username: 'login', email: 'mail', password: 'pw' }
})
