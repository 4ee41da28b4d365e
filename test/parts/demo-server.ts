import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { prepareDemo } from '../../src/commands/demo.ts'
import { loadConfig } from '../../src/config/load.ts'
import { startService } from '../../src/service.ts'
import { freePort } from './port.ts'
import { temporaryFolder } from './temporary-folder.ts'

export interface DemoServer {
  readonly issuer: string
  stop(): Promise<void>
}

/** What `npm start` runs (config/development.yaml), on a free port and with its data in a temporary folder. */
export async function startDemo(): Promise<DemoServer> {
  const temporary = await temporaryFolder()
  const port = await freePort()
  const issuer = `http://127.0.0.1:${port}`
  const text = await readFile(join(import.meta.dirname, '../../config/development.yaml'), 'utf8')
  const file = join(temporary.path, 'development.yaml')
  const config = text
    .replaceAll('http://127.0.0.1:8000', issuer)
    .replace('port: 8000', `port: ${port}`)
    .replaceAll('../', './')
    .replace('pretty: true', 'level: silent')
  await writeFile(file, config)
  const loaded = loadConfig(file)
  await prepareDemo(loaded)
  const service = await startService(loaded)
  return {
    issuer,
    async stop() {
      await service.close()
      await temporary[Symbol.asyncDispose]()
    },
  }
}
