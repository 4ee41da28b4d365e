import { expect } from 'chai'
import { sql } from 'kysely'
import { openDatabase } from '../../src/users/sql/database.ts'
import type { SqlOptions } from '../../src/users/sql/options.ts'
import { resolve } from '../../src/users/sql/options.ts'
import { tableStatements } from '../../src/users/sql/statements.ts'
import { type Flavour, mapping, peopleIn, type TestDatabase } from './people-table.ts'

const insertion = 'insert into people (person_id, login, mail)'

/** Many more people, for whom an index is worth its while. */
const crowd: Record<Flavour, string> = {
  sqlite: `with recursive n(i) as (select 100 union all select i + 1 from n where i < 5000)
    ${insertion} select i, 'u' || i, 'u' || i from n`,
  postgres: `${insertion} select i, 'u' || i, 'u' || i from generate_series(100, 5000) as i`,
  mariadb: `${insertion} select seq, concat('u', seq), concat('u', seq) from seq_100_to_5000`,
}

/** How each says which way it goes through a table. */
const explain: Record<Flavour, string> = {
  sqlite: 'explain query plan',
  postgres: 'explain',
  mariadb: 'explain',
}

async function planIn(table: TestDatabase, flavour: Flavour, more: Partial<SqlOptions>) {
  const options = { ...mapping, ...more, url: table.url }
  const { db, flavour: own } = openDatabase({
    ...{ url: table.url, ca: undefined, connections: 1, patience: 1000, readOnly: true },
  })
  try {
    const { table: name, mapping: resolved } = resolve(options)
    const login = tableStatements(own, name, resolved).byLogin('u4321')
    const { rows } = await sql`${sql.raw(explain[flavour])} ${login}`.execute(db)
    return JSON.stringify(rows, (_, value) => (typeof value === 'bigint' ? Number(value) : value))
  } finally {
    await db.destroy()
  }
}

for (const flavour of ['sqlite', 'postgres', 'mariadb'] as const satisfies Flavour[]) {
  describe(`a login by one of two names: ${flavour}`, () => {
    let table: TestDatabase
    before(async () => {
      table = await peopleIn(flavour)
      await table.run(
        crowd[flavour],
        'create unique index people_login on people (login)',
        'create unique index people_mail on people (mail)',
        // MySQL's collations ignore case; it has no index on an expression.
        ...(flavour === 'mariadb'
          ? []
          : [
              'create index people_lower_login on people (lower(login))',
              'create index people_lower_mail on people (lower(mail))',
            ]),
        flavour === 'mariadb' ? 'analyze table people' : 'analyze people',
      )
    })
    after(() => table.remove())

    it('is looked up by the indices of the columns', async () => {
      const plan = await planIn(table, flavour, {})
      expect(plan)
        .to.match(/people_login\b/)
        .and.to.match(/people_mail\b/)
    })

    it('in any case by those of their lower case', async () => {
      const plan = await planIn(table, flavour, { ignoreCase: true, ignoreEmailCase: true })
      const named = flavour === 'mariadb' ? 'people' : 'people_lower'
      expect(plan).to.contain(`${named}_login`).and.contain(`${named}_mail`)
    })
  })
}
