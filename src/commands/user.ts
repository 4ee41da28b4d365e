import { Command } from 'commander'
import type { loadConfig } from '../config/load.ts'
import { createPasswords } from '../passwords/index.ts'
import { type Account, openAccounts } from '../users/embedded/accounts.ts'
import { readSecret } from './read-secret.ts'
import { exportUsers, importUsers } from './user-files.ts'
import { type UserOptions, userTable } from './user-table.ts'
import { endAfterChange } from './with-state.ts'

type Print = (line: string) => void

interface AddOptions extends UserOptions {
  readonly email?: string
  readonly fullName?: string
  readonly scope?: string[]
  readonly disabled?: true
  readonly password: boolean
}

/** `latchkey user`: the users of our own table. Actions throw ConfigFaults and UserFault, written for the operator. */
export function userCommand(print: Print = console.log): Command {
  const user = new Command('user').description('the users of an embedded directory').addHelpText(
    'after',
    `
A password is read from the terminal without echo, or from a pipe, never from the arguments.

Examples:
  latchkey user add ada --email ada@example.com --config latchkey.yaml
  printf %s "$PASSWORD" | latchkey user set-password ada --password-stdin --config latchkey.yaml
  latchkey user import users.csv --dry-run --config latchkey.yaml`,
  )
  const on = (name: string, description: string) =>
    user
      .command(name)
      .description(description)
      .requiredOption('--config <file>', 'configuration file')
      .option('--directory <name>', 'which embedded directory, where there are several')
      .option('--json', 'print JSON')

  on('add <username>', 'add a user')
    .option('--email <address>', 'e-mail address; people can log in with it too')
    .option('--full-name <name>', 'name for people')
    .option('--scope <scope...>', 'scopes the user may have; no restriction, if left out')
    .option('--disabled', 'not allowed to log in yet')
    .option('--no-password', 'without a password: nobody can log in before set-password')
    .option('--password-stdin', 'read the password from a pipe, as happens without a terminal')
    .action(async (username: string, options: AddOptions) => {
      const { path, config } = userTable(options)
      const { email, fullName, scope: scopes, disabled } = options
      await using accounts = openAccounts(path)
      const hash = options.password ? await newHash(config) : undefined
      const added = await accounts.add({ username, email, fullName, scopes, disabled, hash })
      printUsers([added], options.json, print)
    })
  on('list', 'show every user').action(async (options: UserOptions) => {
    await using accounts = openAccounts(userTable(options).path)
    printUsers(await Array.fromAsync(accounts.list()), options.json, print)
  })
  on('show <username>', 'show one user').action(async (username: string, options: UserOptions) => {
    const { path, config } = userTable(options)
    await using accounts = openAccounts(path)
    const { hash, ...account } = await accounts.show(username)
    const password = hash ? (createPasswords(config.passwords).identify(hash) ?? 'unknown') : 'none'
    print(JSON.stringify({ ...account, password }, undefined, 2))
  })
  on('set-password <username>', 'set a new password; every login from before ends')
    .option('--password-stdin', 'read the password from a pipe, as happens without a terminal')
    .action(async (username: string, options: UserOptions) => {
      const { path, config, subOf } = userTable(options)
      await using accounts = openAccounts(path)
      await accounts.show(username)
      const account = await accounts.setPassword(username, await newHash(config))
      printUsers([account], options.json, print)
      await endAfterChange(config, { kind: 'user', target: subOf(account) })
    })
  for (const verb of ['disable', 'enable'] as const) {
    const effect = verb === 'disable' ? 'refuse a user, and end every login' : 'let a user in again'
    on(`${verb} <username>`, effect).action(async (username: string, options: UserOptions) => {
      const { path, config, subOf } = userTable(options)
      await using accounts = openAccounts(path)
      const account = await accounts[verb](username)
      printUsers([account], options.json, print)
      if (verb === 'disable') await endAfterChange(config, { kind: 'user', target: subOf(account) })
    })
  }
  on('remove <username>', 'remove a user for good, and end every login').action(
    async (username: string, options: UserOptions) => {
      const { path, config, subOf } = userTable(options)
      await using accounts = openAccounts(path)
      const account = await accounts.show(username)
      await accounts.remove(username)
      await endAfterChange(config, { kind: 'user', target: subOf(account) })
    },
  )
  importUsers(on('import <file>', 'add the users of a CSV or JSON lines file; - is a pipe'), print)
  exportUsers(on('export', 'write every user, with their hashes'))
  return user
}

async function newHash(config: ReturnType<typeof loadConfig>): Promise<string> {
  return createPasswords(config.passwords).hash(await readSecret('Password'))
}

function printUsers(accounts: readonly Account[], json: true | undefined, print: Print): void {
  if (json) {
    print(
      JSON.stringify(
        accounts.map(({ hash, ...account }) => account),
        undefined,
        2,
      ),
    )
    return
  }
  for (const { username, email = '-', fullName = '-', disabled, scopes, hash } of accounts) {
    const state = [disabled && 'disabled', !hash && 'no password'].filter(Boolean).join(', ')
    print(
      [username, email, fullName, scopes?.join(' ') ?? 'any scope', state || 'active'].join('\t'),
    )
  }
}
