import type { Command } from 'commander'
import { createProgram, fullName } from '../../src/commands/program.ts'

/** docs/cli.md: what every `--help` prints. */
export function cliPage(): string {
  return `# The command line

<!-- Written by scripts/docs.ts from the commands themselves; change those, then run npm run docs. -->

Exit codes: **0** done; **1** it could not be done, and the message on standard error says what to do;
**2** the command line is wrong. Results go to standard output, with \`--json\` as JSON; everything else goes
to standard error. \`LATCHKEY_STACK=1\` shows the stack of a failure.

${allOf(createProgram()).map(section).join('\n')}`
}

const allOf = (command: Command): Command[] => [command, ...command.commands.flatMap(allOf)]

const section = (command: Command) => `## ${fullName(command)}

\`\`\`
${helpOf(command)}
\`\`\`
`

function helpOf(command: Command): string {
  let text = ''
  command
    .configureOutput({
      writeOut: (part) => {
        text += part
      },
      getOutHelpWidth: () => 100,
    })
    .outputHelp()
  return text.trimEnd()
}
