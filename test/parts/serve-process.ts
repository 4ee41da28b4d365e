import { existsSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { latchkey, startLatchkey } from '../cli/command.ts'
import { freePort } from './port.ts'
import { temporaryFolder } from './temporary-folder.ts'
import { until } from './until.ts'
import { type Line, watch } from './watched-process.ts'

/** `latchkey serve` as an operator runs it, with johndoe / secret and a configuration to edit. */
export async function serveProcess(words: readonly string[] = []) {
  const folder = await temporaryFolder()
  const [port, metricsPort] = [await freePort(), await freePort()]
  const url = `http://127.0.0.1:${port}`
  const file = join(folder.path, 'latchkey.yaml')
  await writeFile(file, configuration(url, metricsPort))
  const user = ['user', 'add', 'johndoe', '--password-stdin', '--config', file]
  const added = await latchkey(user, { input: 'secret\n' })
  if (added.code !== 0) throw new Error(added.stderr)

  const server = startLatchkey(['serve', '--config', file, ...words])
  const { ended, ...watched } = watch(server)
  const read = async () => (await fetch(`http://127.0.0.1:${metricsPort}/metrics`)).text()

  return {
    url,
    file,
    port,
    metricsPort,
    server,
    ...watched,
    ended,
    /** Resolves when the process has begun to open its files, and does not listen yet. */
    starting: () =>
      until(
        () => existsSync(join(folder.path, 'keys')),
        (begun) => begun,
        60_000,
      ),
    async edit(change: (text: string) => string) {
      await writeFile(file, change(await readFile(file, 'utf8')))
    },
    hangUp: () => server.kill('SIGHUP'),
    /** The value of a line of the metrics. */
    async metric(name: string): Promise<number> {
      const line = (await read()).split('\n').find((each) => each.startsWith(`${name} `))
      return Number(line?.slice(name.length))
    },
    async post(path: string, form: Readonly<Record<string, string>>) {
      const response = await fetch(url + path, { method: 'POST', body: new URLSearchParams(form) })
      return { status: response.status, json: (await response.json()) as Line }
    },
    async [Symbol.asyncDispose]() {
      if (server.exitCode === null && server.kill('SIGKILL')) await ended
      await folder[Symbol.asyncDispose]()
    },
  }
}

export const passwordForm = (clientId = 'web') => ({
  grant_type: 'password',
  username: 'johndoe',
  password: 'secret',
  client_id: clientId,
})

const configuration = (url: string, metricsPort: number) => `issuer: ${url}
listen: { port: ${new URL(url).port} }
metrics: { port: ${metricsPort} }
state: sqlite:state.sqlite
users: [{ type: embedded, path: users.sqlite }]
apis: [{ audience: https://api.example, scopes: [read], profile: true }]
clients:
  - { id: web, public: true, grants: [password, refresh_token], refresh: { grace: 0 } }
passwords: { wait: 10000, hash: { memory: 8192, iterations: 1 } }
throttle: { enabled: false }
`
