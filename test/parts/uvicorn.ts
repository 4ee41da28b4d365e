import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { freePort } from './port.ts'

/** Runs `main:app` of a folder with the system's Python, which has FastAPI (Debian: python3-fastapi, uvicorn, python3-jwt). */
export async function startUvicorn(
  folder: string,
  environment: Readonly<Record<string, string>>,
): Promise<{ url: string; close(): Promise<void> }> {
  const port = await freePort()
  const options = ['-B', '-m', 'uvicorn', 'main:app', '--port', String(port)]
  const server = spawn(process.env.PYTHON ?? '/usr/bin/python3', options, {
    cwd: folder,
    env: { PATH: process.env.PATH, ...environment },
  })
  let said = ''
  server.stdout.resume()
  await new Promise<void>((resolve, reject) => {
    server.stderr.on('data', (chunk) => {
      said += chunk
      if (said.includes('Uvicorn running on')) resolve()
    })
    server.once('error', reject)
    server.once('exit', (code) => reject(new Error(`uvicorn ended with ${code}: ${said}`)))
  })
  return {
    url: `http://127.0.0.1:${port}`,
    async close() {
      server.kill('SIGTERM')
      if (server.exitCode === null) await once(server, 'exit')
    },
  }
}
