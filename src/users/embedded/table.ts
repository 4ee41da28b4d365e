import { type Database, openDatabase } from '../sql/database.ts'
import type { Columns } from '../sql/mapping.ts'

/** A row of our own table. Times are milliseconds since the epoch. */
export interface UserRow {
  id: string
  username: string
  username_folded: string
  email: string | null
  email_folded: string | null
  full_name: string | null
  hash: string | null
  disabled: number
  /** Separated by spaces; null = no restriction by user. */
  scopes: string | null
  password_changed_at: number | null
  created_at: number
}

export interface UserTables {
  users: UserRow
}

// Lower case in SQL ends at ASCII, so the folded names are stored beside the names.
const schema = [
  `create table if not exists users (
    id text primary key,
    username text not null,
    username_folded text not null unique,
    email text,
    email_folded text unique,
    full_name text,
    hash text,
    disabled integer not null default 0,
    scopes text,
    password_changed_at integer,
    created_at integer not null
  ) strict`,
]

export const userColumns = {
  id: 'id',
  username: 'username',
  usernameFolded: 'username_folded',
  email: 'email',
  emailFolded: 'email_folded',
  fullName: 'full_name',
  password: 'hash',
  disabled: 'disabled',
  scopes: 'scopes',
  passwordChangedAt: 'password_changed_at',
} as const satisfies Columns

/** Opens the file, and makes it (0600) with its folder (0700) and table where they are missing. */
export function openUserTable(path: string): Database<UserTables> {
  return openDatabase<UserTables>({
    url: `sqlite:${path}`,
    connections: 1,
    patience: 1000,
    readOnly: false,
    schema,
  })
}
