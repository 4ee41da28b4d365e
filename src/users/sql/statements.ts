import { type RawBuilder, sql } from 'kysely'
import { foldCase } from '../names.ts'
import type { Flavour } from './database.ts'
import { columnsOf, type Groups, type Mapping } from './mapping.ts'

/** Statements over a table of the owner's. Names are quoted, values are parameters, always. */
export function tableStatements(flavour: Flavour, table: string, mapping: Mapping) {
  const { columns } = mapping
  const from = sql`from ${tableName(table)}`
  const everything = sql`select ${sql.join(columnsOf(mapping).map((name) => sql.id(name)))} ${from}`
  const conditions = Object.entries(mapping.where).map(([column, value]) =>
    value === null ? sql`${sql.id(column)} is null` : sql`${sql.id(column)} = ${value}`,
  )
  const where = (...more: RawBuilder<unknown>[]) =>
    sql`where ${sql.join([...more, ...conditions], sql` and `)}`
  const id = sql.id(columns.id)
  const hash = sql.id(columns.password)
  const named = (login: string, forms: readonly Form[]) => {
    const kinds = mapping.login.flatMap((kind) => {
      const { column, ignoreCase } = lookedUp(mapping, kind)
      return column === undefined
        ? []
        : [matches(flavour, column, spellings(login, ignoreCase, forms), ignoreCase)]
    })
    return [kinds.map(({ near }) => near), kinds.map(({ same }) => same)].map(oneOf)
  }
  return {
    byLogin: (login: string, forms: readonly Form[] = ['NFC', 'NFD']) =>
      sql`${everything} ${where(...named(login, forms))} limit 2`,
    byId: (value: string) => sql`${everything} ${where(sql`${id} = ${value}`)} limit 2`,
    /** Asks for nothing, and fails when a table or column is missing or may not be read. */
    probe: () => sql`${everything} ${where(sql`1 = 0`)}`,
    page: (after: string | undefined, size: number) => {
      const following = after === undefined ? sql`1 = 1` : sql`${id} > ${after}`
      return sql`select ${id} as id, ${hash} as hash ${from} ${where(following)} order by ${id} limit ${sql.lit(size)}`
    },
    size: () => sql`select count(*) as size ${from} ${where(sql`1 = 1`)}`,
    replaceHash: (value: string, old: string, next: string) =>
      sql`update ${tableName(table)} set ${hash} = ${next} ${where(
        sql`${id} = ${value}`,
        sql`${bytes(flavour, hash)} = ${old}`,
      )}`,
  }
}

export function groupsOf({ members, names }: Groups, user: string): RawBuilder<unknown> {
  const of = sql`where m.${sql.id(members.user)} = ${user} limit 1000`
  const group = sql`m.${sql.id(members.group)}`
  if (!names) return sql`select ${group} as name from ${tableName(members.table)} as m ${of}`
  return sql`select g.${sql.id(names.name)} as name from ${tableName(members.table)} as m
    join ${tableName(names.table)} as g on g.${sql.id(names.id)} = ${group} ${of}`
}

/** The owner's own SELECT, with `:login` or `:id` as a parameter, inside one that takes two rows of it. */
export function ownQuery(query: string, parameter: 'login' | 'id', value: string) {
  const pieces = query.split(new RegExp(`(?<![:\\w]):${parameter}\\b`))
  const filled = sql.join(
    pieces.map((piece) => sql.raw(piece)),
    sql`${value}`,
  )
  return sql`select * from (${filled}) as latchkey_user limit 2`
}

function tableName(name: string) {
  return sql.id(...name.split('.'))
}

function lookedUp({ columns, ignoreCase, ignoreEmailCase }: Mapping, kind: 'username' | 'email') {
  const folded = kind === 'email' ? columns.emailFolded : columns.usernameFolded
  const ignored = kind === 'email' ? ignoreEmailCase : ignoreCase
  return ignored && folded !== undefined
    ? { column: folded, ignoreCase: 'folded' as const }
    : { column: columns[kind], ignoreCase: ignored }
}

const oneOf = (conditions: readonly RawBuilder<unknown>[]) =>
  sql`(${sql.join(conditions, sql` or `)})`

/**
 * `near` lets the database use its index, whose collation may ignore case, accents and trailing spaces;
 * `same` compares bytes, so `jose` does not bring `josé` along. Who is the same is near, too: so a row
 * that is near by any name and the same by any is one that we look for, and the two conditions stay
 * apart. SQLite reads the whole table where an OR has both of a column in one branch.
 */
function matches(
  flavour: Flavour,
  name: string,
  spelled: readonly string[],
  ignoreCase: boolean | 'folded',
): { readonly near: RawBuilder<unknown>; readonly same: RawBuilder<unknown> } {
  const column = sql.id(name)
  const among = sql`in (${sql.join(spelled)})`
  const lower = ignoreCase === true
  // In MySQL lower() would keep the index from being used; the collation ignores case already.
  const near = lower && flavour !== 'mysql' ? sql`lower(${column})` : column
  return {
    near: sql`${near} ${among}`,
    same: sql`${bytes(flavour, column, lower)} ${among}`,
  }
}

/** A text column as its bytes: no collation has a say. */
function bytes(flavour: Flavour, column: RawBuilder<unknown>, lower = false): RawBuilder<unknown> {
  if (flavour === 'mysql') {
    const text = sql`convert(${column} using utf8mb4)`
    return sql`cast(${lower ? sql`lower(${text})` : text} as binary)`
  }
  if (flavour === 'sqlite') return sql`${lower ? sql`lower(${column})` : column} collate binary`
  const text = sql`cast(${column} as text)`
  return sql`(${lower ? sql`lower(${text})` : text}) collate "C"`
}

type Form = 'NFC' | 'NFD'

/** How a name may be stored: composed or decomposed, and folded as we fold or as lower() does on ASCII alone. */
function spellings(
  login: string,
  ignoreCase: boolean | 'folded',
  forms: readonly Form[],
): readonly string[] {
  const typed = login.normalize('NFC')
  const cases = [typed]
  if (ignoreCase) {
    cases.push(foldCase(typed))
    cases.push(typed.replace(/[A-Z]/g, (letter) => letter.toLowerCase()))
  }
  if (ignoreCase === 'folded') cases.push(typed.toUpperCase())
  return [...new Set(cases.flatMap((one) => forms.map((form) => one.normalize(form))))]
}
