import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from './port.ts'

const root = join(import.meta.dirname, '../..')

/** What `npm start` runs, on a port and in a folder of its own. */
export async function startDevelopmentServer(): Promise<{ url: string; close(): Promise<void> }> {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-development-'))
  const port = await freePort()
  const file = join(folder, 'latchkey.yaml')
  const text = readFileSync(join(root, 'config/development.yaml'), 'utf8')
    .replaceAll('127.0.0.1:8000', `127.0.0.1:${port}`)
    .replaceAll('port: 8000', `port: ${port}`)
    .replaceAll('../', `${folder}/`)
  writeFileSync(file, text)
  const server = spawn(join(root, 'bin/latchkey'), ['serve', '--config', file])
  let said = ''
  const running = new Promise<void>((resolve, reject) => {
    server.stderr.on('data', (chunk) => {
      said += chunk
    })
    server.stdout.on('data', (chunk) => {
      said += chunk
      if (said.includes('is running at')) resolve()
    })
    server.once('exit', (code) => reject(new Error(`latchkey ended with ${code}: ${said}`)))
  })
  await running
  return {
    url: `http://127.0.0.1:${port}`,
    async close() {
      if (server.exitCode === null) {
        server.kill('SIGTERM')
        await once(server, 'exit')
      }
      rmSync(folder, { recursive: true })
    },
  }
}
