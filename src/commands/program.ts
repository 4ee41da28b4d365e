import { readFileSync } from 'node:fs'
import { Command } from 'commander'
import { commands } from './index.ts'

/** The whole command line. It throws CommanderError where commander would exit. */
export function createProgram(): Command {
  const program = new Command('latchkey')
    .description('An OAuth 2 token server for the users and passwords you already have.')
    .version(version())
    // What follows the name of a command is that command's alone.
    .enablePositionalOptions()
    .addHelpText(
      'after',
      `
Begin with a configuration, config/production.yaml for example, and look at what is wrong with it:
  latchkey check-config --config latchkey.yaml
  latchkey serve --config latchkey.yaml

Every command teaches more: latchkey client --help

Exit codes: 0 done; 1 it could not be done, and the message says what to do; 2 the command line is wrong.`,
    )
  for (const command of commands()) program.addCommand(command)
  throwInsteadOfExiting(program)
  return program
}

/** `latchkey client add` for the innermost of these commands. */
export const fullName = (command: Command): string =>
  command.parent ? `${fullName(command.parent)} ${command.name()}` : command.name()

/** Commander would exit 1 for a wrong command line, and scripts could not tell it from a failure. */
function throwInsteadOfExiting(command: Command): void {
  command.exitOverride().showHelpAfterError(`(${fullName(command)} --help says more)`)
  command.commands.forEach(throwInsteadOfExiting)
}

function version(): string {
  const file = new URL('../../package.json', import.meta.url)
  const { version }: { version: string } = JSON.parse(readFileSync(file, 'utf8'))
  return version
}
