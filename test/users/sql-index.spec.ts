import { expect } from 'chai'
import { sql } from 'kysely'
import { openDatabase } from '../../src/users/sql/database.ts'
import { resolve } from '../../src/users/sql/options.ts'
import { tableStatements } from '../../src/users/sql/statements.ts'
import { type Flavour, mapping, peopleIn } from './people-table.ts'

/** How each says which way it goes through a table, and that it reads all of it. */
const plans: Record<Flavour, { explain: string; wholeTable: RegExp }> = {
  sqlite: { explain: 'explain query plan', wholeTable: /SCAN/ },
  postgres: { explain: 'explain', wholeTable: /Seq Scan/ },
  mariadb: { explain: 'explain', wholeTable: /"type":"ALL"/ },
}
const many: Record<Flavour, string> = {
  sqlite: 'with recursive n(i) as (select 100 union all select i + 1 from n where i < 5000)',
  postgres: 'with n as (select generate_series(100, 5000) as i)',
  mariadb: 'with n as (select seq as i from seq_100_to_5000)',
}

for (const flavour of ['sqlite', 'postgres', 'mariadb'] as const satisfies Flavour[]) {
  describe(`a login by one of two names: ${flavour}`, () => {
    it('is looked up by the indices that the table has', async () => {
      const table = await peopleIn(flavour)
      const name = flavour === 'sqlite' ? "'u' || i" : "concat('u', i)"
      const insertion = 'insert into people (person_id, login, mail)'
      const selection = `select i, ${name}, ${name} from n`
      await table.run(
        flavour === 'mariadb'
          ? `${insertion} ${many[flavour]} ${selection}`
          : `${many[flavour]} ${insertion} ${selection}`,
        'create unique index people_login on people (login)',
        'create unique index people_mail on people (mail)',
        flavour === 'mariadb' ? 'analyze table people' : 'analyze people',
      )
      const database = openDatabase({
        url: table.url,
        ca: undefined,
        connections: 1,
        patience: 1000,
        readOnly: true,
      })
      try {
        const resolved = resolve({ ...mapping, url: table.url })
        const { byLogin } = tableStatements(database.flavour, resolved.table, resolved.mapping)
        const plan = await sql`${sql.raw(plans[flavour].explain)} ${byLogin('u4321')}`.execute(
          database.db,
        )
        const said = JSON.stringify(plan.rows, (_, value) =>
          typeof value === 'bigint' ? Number(value) : value,
        )
        expect(said)
          .to.match(/people_login/)
          .and.to.match(/people_mail/)
        expect(said).not.to.match(plans[flavour].wholeTable)
      } finally {
        await database.db.destroy()
        await table.remove()
      }
    })
  })
}
