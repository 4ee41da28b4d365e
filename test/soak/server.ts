import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createWriteStream, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { childrenOf } from '../../bench/process.ts'
import { hashSecret } from '../../src/clients/secrets.ts'
import { openAccounts } from '../../src/users/embedded/accounts.ts'
import { cheaply } from '../parts/latchkey.ts'
import { freePort } from '../parts/port.ts'
import { until } from '../parts/until.ts'
import { password, secret } from './actions.ts'

export interface SoakedServer {
  readonly url: string
  /** The first process and its workers. */
  pids(): readonly number[]
  /** What it wrote on standard error: nothing, if all is well. */
  readonly complaints: () => string
  readonly ended: () => boolean
  stop(): Promise<void>
}

/** `latchkey serve --workers N` as anybody would start it, with a hundred users. Its log goes to a file in the folder. */
export async function startSoakedServer(
  folder: string,
  state: string,
  workers: number,
): Promise<SoakedServer> {
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  await addUsers(join(folder, 'users.sqlite'))
  const file = join(folder, 'latchkey.yaml')
  writeFileSync(file, JSON.stringify(configuration(folder, state, port)))
  const command = join(import.meta.dirname, '..', '..', 'bin', 'latchkey')
  const child = spawn(command, ['serve', '--config', file, '--workers', String(workers)])
  child.stdout.pipe(createWriteStream(join(folder, 'log')))
  let complaints = ''
  child.stderr.on('data', (chunk) => {
    complaints = (complaints + chunk).slice(-10_000)
  })
  const answers = () => fetch(`${url}/readyz`).then(({ ok }) => ok)
  await until(
    () => answers().catch(() => false),
    (ready) => ready || child.exitCode !== null,
    60_000,
  )
  if (child.exitCode !== null) throw new Error(`the server ended:\n${complaints}`)
  return {
    url,
    pids: () => [child.pid ?? 0, ...childrenOf(child.pid ?? 0)],
    complaints: () => complaints,
    ended: () => child.exitCode !== null,
    stop: () => end(child),
  }
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return
  child.kill('SIGTERM')
  await once(child, 'exit')
}

async function addUsers(path: string): Promise<void> {
  const accounts = openAccounts(path)
  const hash = await cheaply(password)
  for (let index = 0; index < 100; index += 1)
    await accounts.add({ username: `user${index}`, hash })
  await accounts.close()
}

/** YAML may be JSON. */
const configuration = (folder: string, state: string, port: number) => ({
  issuer: `http://127.0.0.1:${port}`,
  listen: { host: '127.0.0.1', port },
  proxy: { trusted: ['127.0.0.1/32'] },
  keys: join(folder, 'keys'),
  state,
  users: [{ type: 'embedded', path: join(folder, 'users.sqlite') }],
  apis: [{ audience: 'https://api.example', scopes: ['read'] }],
  clients: [
    { id: 'web', public: true, grants: ['password', 'refresh_token'], refresh: { grace: 60 } },
    {
      id: 'app',
      secrets: [hashSecret(secret)],
      grants: ['client_credentials'],
      introspectAll: true,
    },
  ],
  passwords: { hash: { memory: 8192, iterations: 1, parallelism: 1 } },
})
