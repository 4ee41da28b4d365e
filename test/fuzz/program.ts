import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { binary, startLatchkey } from '../cli/command.ts'
import { fixture, speakTo } from '../parts/latchkey.ts'
import { temporaryFolder } from '../parts/temporary-folder.ts'
import { watch } from '../parts/watched-process.ts'
import type { Fuzzed } from './run.ts'

/** `latchkey serve` in a process of its own, as an operator runs it, with the fixture's configuration. Its end throws when it said anything on standard error. */
export async function startProgram(program = binary): Promise<Fuzzed> {
  const { path: folder, ...temporary } = await temporaryFolder()
  const { settings, accounts } = await fixture(folder)
  await accounts.close()
  const file = join(folder, 'latchkey.yaml')
  await writeFile(file, JSON.stringify({ ...settings, log: { level: 'debug' } }))
  const child = startLatchkey(['serve', '--config', file], { binary: program })
  const { log, ended, errors, says } = watch(child)
  await says('listening')
  const { searchLog, ...speaker } = speakTo(settings.issuer)
  return {
    issuer: settings.issuer,
    log,
    ...speaker,
    async stop() {
      child.kill('SIGTERM')
      const code = await ended
      await temporary[Symbol.asyncDispose]()
      if (code !== 0 || errors() !== '') throw new Error(`ended with ${code}: ${errors()}`)
      searchLog(log)
    },
  }
}
