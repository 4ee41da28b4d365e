import { randomUUID } from 'node:crypto'
import type { Kysely } from 'kysely'
import { foldCase, readLogin } from '../names.ts'
import { openUserTable, type UserRow, type UserTables } from './table.ts'

/** What is wrong with a user, in words for the operator. */
export class UserFault extends Error {
  override readonly name = 'UserFault'
}

/** A user of our own table as the operator sees it. */
export interface Account {
  readonly id: string
  readonly username: string
  readonly email: string | undefined
  readonly fullName: string | undefined
  readonly hash: string | undefined
  readonly disabled: boolean
  /** Undefined = no restriction by user. */
  readonly scopes: readonly string[] | undefined
  /** Milliseconds since the epoch. */
  readonly passwordChangedAt: number | undefined
  readonly createdAt: number
}

export interface NewAccount {
  /** Made up when left out. */
  readonly id?: string | undefined
  readonly username: string
  readonly email?: string | undefined
  readonly fullName?: string | undefined
  readonly hash?: string | undefined
  readonly disabled?: boolean | undefined
  readonly scopes?: readonly string[] | undefined
  readonly passwordChangedAt?: number | undefined
}

export type Accounts = ReturnType<typeof accountsIn>

/** The users of our own table, for the operator. Methods throw UserFault. */
export function openAccounts(path: string) {
  const { db } = openUserTable(path)
  return {
    ...accountsIn(db),
    /** Does all of `work` or, when it answers false or throws, nothing of it. */
    async atomically(work: (accounts: Accounts) => Promise<boolean>): Promise<void> {
      const transaction = await db.startTransaction().execute()
      let keep = false
      try {
        keep = await work(accountsIn(transaction))
      } finally {
        await (keep ? transaction.commit() : transaction.rollback()).execute()
      }
    },
    close: () => db.destroy(),
    [Symbol.asyncDispose]: () => db.destroy(),
  }
}

function accountsIn(db: Kysely<UserTables>) {
  const users = () => db.selectFrom('users').selectAll()

  async function rowOf(name: string): Promise<UserRow> {
    const folded = foldCase(name)
    const row = await users().where('username_folded', '=', folded).executeTakeFirst()
    if (!row) throw new UserFault(`there is no user ${JSON.stringify(name)}`)
    return row
  }

  async function change(name: string, values: Partial<UserRow>): Promise<Account> {
    const { id } = await rowOf(name)
    const changed = db.updateTable('users').set(values).where('id', '=', id).returningAll()
    return accountOf(await changed.executeTakeFirstOrThrow())
  }

  async function refuseTaken(row: UserRow): Promise<void> {
    const names = [row.username_folded, ...(row.email_folded ? [row.email_folded] : [])]
    const taken = await users()
      .where(({ eb, or }) =>
        or([
          eb('id', '=', row.id),
          eb('username_folded', 'in', names),
          eb('email_folded', 'in', names),
        ]),
      )
      .executeTakeFirst()
    if (!taken) return
    throw new UserFault(
      `${JSON.stringify(row.username)}: name, e-mail address or id is that of ${JSON.stringify(taken.username)}`,
    )
  }

  return {
    async add(account: NewAccount): Promise<Account> {
      const row = rowFor(account)
      await refuseTaken(row)
      await db.insertInto('users').values(row).execute()
      return accountOf(row)
    },
    /** In the order of their names, in bounded memory. */
    async *list(): AsyncGenerator<Account> {
      let after = ''
      for (;;) {
        const page = await users()
          .where('username_folded', '>', after)
          .orderBy('username_folded')
          .limit(500)
          .execute()
        yield* page.map(accountOf)
        const last = page.at(-1)
        if (!last) return
        after = last.username_folded
      }
    },
    show: async (name: string): Promise<Account> => accountOf(await rowOf(name)),
    setPassword: (name: string, hash: string) =>
      change(name, { hash, password_changed_at: Date.now() }),
    disable: (name: string) => change(name, { disabled: 1 }),
    enable: (name: string) => change(name, { disabled: 0 }),
    async remove(name: string): Promise<void> {
      const { id } = await rowOf(name)
      await db.deleteFrom('users').where('id', '=', id).execute()
    },
  }
}

function rowFor(account: NewAccount): UserRow {
  const username = readLogin(account.username)
  if (username === undefined || username.trim() !== username) {
    throw new UserFault(
      `${JSON.stringify(account.username)} is no username: 1 to 320 characters, no control characters, no space at its ends`,
    )
  }
  const email = account.email ? readLogin(account.email) : undefined
  if (account.email && !(email && /^\S+@\S+$/.test(email))) {
    throw new UserFault(`${JSON.stringify(account.email)} is no e-mail address`)
  }
  if (/\p{Cc}/u.test(`${account.id ?? ''}${account.fullName ?? ''}`)) {
    throw new UserFault(`${JSON.stringify(username)}: a control character in id or full name`)
  }
  return {
    id: account.id || randomUUID(),
    username,
    username_folded: foldCase(username),
    email: email ?? null,
    email_folded: email ? foldCase(email) : null,
    full_name: account.fullName || null,
    hash: account.hash || null,
    disabled: account.disabled ? 1 : 0,
    scopes: account.scopes ? scopeList(account.scopes) : null,
    password_changed_at: account.passwordChangedAt ?? null,
    created_at: Date.now(),
  }
}

function scopeList(scopes: readonly string[]): string {
  // RFC 6749 appendix A.4: scope-token.
  const bad = scopes.find((scope) => !/^[\x21\x23-\x5b\x5d-\x7e]{1,128}$/.test(scope))
  if (bad !== undefined) throw new UserFault(`${JSON.stringify(bad)} is no scope`)
  return scopes.join(' ')
}

// node:sqlite answers bigints here, as the ids of owners' tables need them.
function accountOf(row: UserRow): Account {
  return {
    id: row.id,
    username: row.username,
    email: row.email ?? undefined,
    fullName: row.full_name ?? undefined,
    hash: row.hash ?? undefined,
    disabled: Number(row.disabled) !== 0,
    scopes: row.scopes?.split(' ').filter(Boolean),
    passwordChangedAt:
      row.password_changed_at === null ? undefined : Number(row.password_changed_at),
    createdAt: Number(row.created_at),
  }
}
