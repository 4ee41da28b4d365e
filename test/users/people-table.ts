import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { openSqlDirectory, type SqlOptions } from '../../src/users/sql.ts'
import { mariadb, postgres } from '../parts/database-servers.ts'
import type { DatabaseServer } from '../parts/postgres.ts'
import { type Person, password, passwords, people } from './people.ts'

/** A database of a test’s own. */
export interface TestDatabase {
  readonly url: string
  run(...statements: string[]): Promise<void>
  remove(): Promise<void>
  /** The server it is on; throws where it is a file. */
  server(): Promise<DatabaseServer>
}

export type Flavour = 'sqlite' | 'postgres' | 'mariadb'

/** A database with nothing in it. */
export const databaseIn = (flavour: Flavour): Promise<TestDatabase> =>
  databases[flavour](`users_${Math.random().toString(36).slice(2)}`)

/** A database with the people in a table that no framework made, without the constraints it should have. */
export async function peopleIn(flavour: Flavour): Promise<TestDatabase> {
  const table = await databaseIn(flavour)
  const hash = await passwords.hash(password)
  const big = flavour === 'sqlite' ? 'integer' : 'bigint'
  await table.run(
    `create table people (
      person_id ${big} primary key, login varchar(150), mail varchar(254), given varchar(50),
      family varchar(50), pw varchar(255), enabled ${flavour === 'mariadb' ? 'bit(1)' : 'boolean'},
      may text, role varchar(20), secret varchar(20), changed timestamp null)`,
    ...people.map((one) => insertion(one, hash, flavour)),
  )
  return table
}

export const mapping: Omit<SqlOptions, 'url'> = {
  name: 'people',
  connections: 4,
  timeout: 2000,
  table: 'people',
  columns: {
    id: 'person_id',
    username: 'login',
    email: 'mail',
    fullName: ['given', 'family'],
    password: 'pw',
    active: 'enabled',
    scopes: 'may',
    passwordChangedAt: 'changed',
  },
  login: ['username', 'email'],
  claims: { role: 'role' },
  rehash: false,
}

/** The directory over such a table. */
export const openPeople = (url: string, more: Partial<SqlOptions> = {}) =>
  openSqlDirectory({ ...mapping, url, ...more })

export const truth = (value: boolean, flavour: Flavour) =>
  flavour === 'mariadb' ? `b'${Number(value)}'` : String(value)

function insertion(one: Person, hash: string, flavour: Flavour): string {
  const text = (value: string) =>
    `'${(flavour === 'mariadb' ? value.replaceAll('\\', '\\\\') : value).replaceAll("'", "''")}'`
  const words = [one.username, one.email, one.given, one.family, hash].map(text)
  const may = text(one.scopes.join(' '))
  return `insert into people values (${one.id}, ${words.join(', ')}, ${truth(!one.disabled, flavour)}, ${may}, ${text(one.role)}, 'hidden', null)`
}

const databases: Record<Flavour, (name: string) => Promise<TestDatabase>> = {
  async sqlite(name) {
    const folder = mkdtempSync(join(tmpdir(), 'latchkey-people-'))
    const path = join(folder, `${name}.sqlite`)
    return {
      url: `sqlite:${path}`,
      async run(...statements) {
        const database = new DatabaseSync(path)
        for (const statement of statements) database.exec(statement)
        database.close()
      },
      remove: async () => rmSync(folder, { recursive: true, force: true }),
      server: () => Promise.reject(new Error('a file has no server')),
    }
  },
  postgres: async (name) => onServer(await postgres(), name),
  mariadb: async (name) => onServer(await mariadb(), name),
}

async function onServer(server: DatabaseServer, name: string): Promise<TestDatabase> {
  return {
    url: await server.createDatabase(name),
    run: (...statements) => server.run(name, ...statements),
    remove: async () => {},
    server: async () => server,
  }
}
