import { Command } from 'commander'
import { loadConfig } from '../config/load.ts'
import type { Config } from '../config/schema.ts'
import { type Session, sessionsOf } from '../tokens/ending.ts'
import { openDirectories } from '../users/index.ts'
import { takingIds } from './ids.ts'
import { endInState, withState } from './with-state.ts'

type Print = (line: string) => void

interface Options {
  readonly config: string
  readonly user?: string
  readonly sub?: string
  readonly json?: true
}

/** `latchkey sessions`: the logins of one user. Actions throw errors whose messages are for the operator. */
export function sessionsCommand(print: Print = console.log): Command {
  const sessions = new Command('sessions').description('the logins of a user').addHelpText(
    'after',
    `
Examples:
  latchkey sessions list --user johndoe --config latchkey.yaml
  latchkey sessions revoke --user johndoe --config latchkey.yaml    # all of them, everywhere
  latchkey sessions revoke 5mTn… --sub 4711 --config latchkey.yaml  # one of them`,
  )
  const on = (name: string, description: string) =>
    takingIds(sessions.command(name))
      .description(description)
      .requiredOption('--config <file>', 'configuration file')
      .option('--user <name>', 'the user, by a name to log in with')
      .option('--sub <sub>', 'the user, by the `sub` of the tokens')

  on('list', 'show where the user is logged in')
    .option('--json', 'print JSON')
    .action(async (options: Options) => {
      const config = loadConfig(options.config)
      const sub = await subOf(config, options)
      const found = await withState(config, (state) => sessionsOf(state, sub))
      if (options.json) print(JSON.stringify(found, undefined, 2))
      else for (const session of found) print(line(session))
    })
  on('revoke [id]', 'end one login of the user, or every login and token').action(
    async (id: string | undefined, options: Options) => {
      const config = loadConfig(options.config)
      const target = await subOf(config, options)
      if (id === undefined) return endInState(config, { kind: 'user', target })
      const found = await withState(config, (state) => sessionsOf(state, target))
      if (!found.some((session) => session.id === id))
        throw new Error(`the user has no login ${id}: see \`latchkey sessions list\``)
      return endInState(config, { kind: 'family', target: id })
    },
  )
  return sessions
}

async function subOf(config: Config, { user, sub }: Options): Promise<string> {
  if (sub !== undefined && user === undefined) return sub
  if (user === undefined || sub !== undefined) throw new Error('name the user with --user or --sub')
  const directory = openDirectories(config.users)
  try {
    const found = await directory.findByLogin(user)
    if (!found)
      throw new Error(`there is no user ${JSON.stringify(user)}: name a \`sub\` with --sub`)
    return found.id
  } finally {
    await directory.close()
  }
}

const line = (session: Session): string =>
  [
    session.id,
    session.client_id,
    session.created_at,
    session.last_used_at,
    session.address ?? '-',
    // biome-ignore lint/suspicious/noControlCharactersInRegex: a browser's name may hold any, and a terminal obeys them
    (session.user_agent ?? '-').replace(/[\u0000-\u001f\u007f-\u009f]/g, '?'),
  ].join('\t')
