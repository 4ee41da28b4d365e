import { readFileSync } from 'node:fs'
import { Command, CommanderError } from 'commander'
import { checkConfigCommand } from './commands/check-config.ts'
import { clientCommand } from './commands/client.ts'
import { hashCommand } from './commands/hash.ts'
import { keysCommand } from './commands/keys.ts'
import { serveCommand } from './commands/serve.ts'

/** A new command is one file in commands/ and one line here. */
const commands: readonly Command[] = [
  serveCommand(),
  checkConfigCommand(),
  clientCommand(),
  keysCommand(),
  hashCommand(),
]

const { version } = JSON.parse(
  readFileSync(new URL('../package.json', import.meta.url), 'utf8'),
) as { version: string }

const program = new Command('latchkey')
  .description('An OAuth 2 token server for the users and passwords you already have.')
  .version(version)
  .addHelpText(
    'after',
    `
Begin with a configuration, config/production.yaml for example, and look at what is wrong with it:
  latchkey check-config --config latchkey.yaml
  latchkey serve --config latchkey.yaml

Every command teaches more: latchkey client --help

Exit codes: 0 done; 1 it could not be done, and the message says what to do; 2 the command line is wrong.`,
  )
for (const command of commands) program.addCommand(command)
throwInsteadOfExiting(program)

try {
  await program.parseAsync()
} catch (error) {
  process.exitCode = exitCode(error)
}

/** Commander would exit 1 for a wrong command line, and scripts could not tell it from a failure. */
function throwInsteadOfExiting(command: Command): void {
  command.exitOverride().showHelpAfterError(`(${fullName(command)} --help says more)`)
  command.commands.forEach(throwInsteadOfExiting)
}

function fullName(command: Command): string {
  return command.parent ? `${fullName(command.parent)} ${command.name()}` : command.name()
}

function exitCode(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2
  // Each error's message is written for the operator; a stack helps only whoever mends Latchkey.
  const message = error instanceof Error ? error.message : String(error)
  console.error(process.env.LATCHKEY_STACK ? error : message.replace(/^/, 'latchkey: '))
  return 1
}
