import type { Command } from 'commander'
import { benchHashCommand } from './bench-hash.ts'
import { checkConfigCommand } from './check-config.ts'
import { clientCommand } from './client.ts'
import { hashCommand } from './hash.ts'
import { inspectHashesCommand } from './inspect-hashes.ts'
import { keysCommand } from './keys.ts'
import { revokeCommand } from './revoke.ts'
import { serveCommand } from './serve.ts'
import { sessionsCommand } from './sessions.ts'
import { userCommand } from './user.ts'

/** A new command is one file and one line here. */
export const commands = (): Command[] => [
  serveCommand(),
  checkConfigCommand(),
  userCommand(),
  clientCommand(),
  sessionsCommand(),
  revokeCommand(),
  keysCommand(),
  hashCommand(),
  inspectHashesCommand(),
  benchHashCommand(),
]
