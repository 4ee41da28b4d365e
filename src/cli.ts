import { CommanderError } from 'commander'
import { createProgram } from './commands/program.ts'

try {
  await createProgram().parseAsync()
} catch (error) {
  process.exitCode = exitCode(error)
}

function exitCode(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2
  // Each error's message is written for the operator; a stack helps only whoever mends Latchkey.
  const message = error instanceof Error ? error.message : String(error)
  console.error(process.env.LATCHKEY_STACK ? error : `latchkey: ${message}`)
  return 1
}
