import { Command } from 'commander'
import { loadConfig } from '../config/load.ts'
import { readEnding } from '../tokens/ending.ts'
import { takingIds } from './ids.ts'
import { endInState } from './with-state.ts'

interface Options {
  readonly config: string
  readonly before?: string
}

const targets = {
  token: ['<jti>', 'one access token'],
  family: ['<id>', 'one login, with all of its tokens; `latchkey sessions list` shows its id'],
  user: ['<sub>', 'every login and token of a user'],
  client: ['<id>', 'every login and token of a client'],
  everything: ['', 'every login and token there is'],
} as const

/** `latchkey revoke`. Its actions throw ConfigFaults, UnclearEnding and StateUnavailable, written for the operator. */
export function revokeCommand(): Command {
  const revoke = new Command('revoke')
    .description('end tokens and logins, at once and for good')
    .addHelpText(
      'after',
      `
It writes to the state of the configuration; servers know at once, APIs that follow the revocation feed
within seconds, and other APIs that validate JWTs by themselves when the tokens expire.

Examples:
  latchkey revoke user 4711 --config latchkey.yaml
  latchkey revoke everything --before 2026-11-21T10:00:00Z --config latchkey.yaml`,
    )
  for (const [kind, [argument, description]] of Object.entries(targets)) {
    const command = takingIds(revoke.command(`${kind} ${argument}`.trim()))
      .description(description)
      .requiredOption('--config <file>', 'configuration file')
    if (!['token', 'family'].includes(kind)) {
      command.option('--before <time>', 'only what was issued until then; RFC 3339, in the past')
    }
    command.action(async (...given: unknown[]) => {
      const [target, options] = argument === '' ? [true, given[0]] : given
      const { config, before } = options as Options
      const ending = readEnding({ [kind]: target, ...(before !== undefined && { before }) })
      await endInState(loadConfig(config), ending)
    })
  }
  return revoke
}
