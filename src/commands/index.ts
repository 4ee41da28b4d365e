import type { Command } from 'commander'
import { checkConfigCommand } from './check-config.ts'
import { clientCommand } from './client.ts'
import { hashCommand } from './hash.ts'
import { inspectHashesCommand } from './inspect-hashes.ts'
import { keysCommand } from './keys.ts'
import { serveCommand } from './serve.ts'
import { userCommand } from './user.ts'

/** A new command is one file and one line here. */
export const commands = (): Command[] => [
  serveCommand(),
  checkConfigCommand(),
  userCommand(),
  clientCommand(),
  keysCommand(),
  hashCommand(),
  inspectHashesCommand(),
]
