import { Command } from 'commander'
import { emergencyCommand } from './keys/emergency.ts'
import { exportCommand } from './keys/export.ts'
import { importCommand } from './keys/import.ts'
import { listCommand } from './keys/list.ts'
import { moveCommand } from './keys/move.ts'
import type { Print } from './keys/options.ts'
import { resealCommand } from './keys/reseal.ts'
import { retireCommand } from './keys/retire.ts'
import { rotateCommand } from './keys/rotate.ts'
import { stageCommand } from './keys/stage.ts'

/** `latchkey keys`. Its actions throw ConfigFaults, KeyFault and StateUnavailable, whose messages are for the operator. */
export function keysCommand(print: Print = console.log): Command {
  const keys = new Command('keys').description('the signing keys').addHelpText(
    'after',
    `
Keys change by themselves: a next key is published, becomes the current one that signs, then a previous
one that verifies, and goes. These commands do it by hand, with and without a server that runs; servers
take a change up within seconds.

Examples:
  latchkey keys list --config latchkey.yaml
  latchkey keys emergency KID --dry-run --config latchkey.yaml`,
  )
  for (const command of [
    listCommand,
    stageCommand,
    rotateCommand,
    retireCommand,
    importCommand,
    exportCommand,
    emergencyCommand,
    resealCommand,
    moveCommand,
  ])
    keys.addCommand(command(print))
  return keys
}
