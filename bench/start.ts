import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { freePort } from '../test/parts/port.ts'
import { glewlwyd, type Surroundings } from './contestants.ts'
import { glewlwydManner, glewlwydProgram, setUpGlewlwyd } from './glewlwyd.ts'
import { usual } from './manner.ts'
import { memoryOf } from './process.ts'
import { freshBundle } from './serving.ts'
import { type Spread, spread } from './statistics.ts'

export interface StartFigures {
  /** Milliseconds from the command to the first answer. */
  readonly ready: Spread
  /** Resident memory half a second later, in MB. */
  readonly memory: Spread
}

/** By server. */
export type Starts = Readonly<Record<string, StartFigures>>

interface Starter {
  readonly name: string
  /** The path that answers when it is ready. */
  readonly jwks?: string
  /** Once, before the first start; where it fails the server is left out. */
  prepare?(around: Omit<Surroundings, 'cost'>): Promise<void>
  command(around: Omit<Surroundings, 'cost'>, port: number): readonly string[]
}

const root = join(import.meta.dirname, '..')
const references = join(import.meta.dirname, 'references')

const starters: readonly Starter[] = [
  {
    name: 'Latchkey, Redis',
    prepare: async ({ tree }) => freshBundle(tree),
    command({ folder, redis, tree = root }, port) {
      const own = join(folder, 'start')
      mkdirSync(own, { recursive: true })
      const config = join(own, `${port}.yaml`)
      const url = `http://127.0.0.1:${port}`
      const lines = [
        `issuer: ${url}`,
        `listen: { host: 127.0.0.1, port: ${port} }`,
        `keys: ${join(own, 'keys')}`,
        `state: ${redis.url}/0`,
        `users: [{ type: embedded, path: ${join(own, 'users.sqlite')} }]`,
        'apis: [{ audience: https://api.example, scopes: [read] }]',
        'clients: [{ id: web, public: true, grants: [password, refresh_token] }]',
      ]
      writeFileSync(config, `${lines.join('\n')}\n`)
      return [join(tree, 'bin', 'latchkey'), 'serve', '--config', config]
    },
  },
  {
    name: 'oidc-provider, Redis',
    command: ({ redis }, port) => [
      process.execPath,
      join(references, 'oidc-provider.ts'),
      String(port),
      `${redis.url}/1`,
      '8192',
      '1',
      '1',
    ],
  },
  {
    name: 'Koa and jose, nothing else',
    command: (_, port) => [process.execPath, join(references, 'koa-jose.ts'), String(port)],
  },
  {
    name: glewlwyd.name,
    jwks: `/api/bench${glewlwydManner.jwks}`,
    async prepare({ folder }) {
      const own = join(folder, 'start-glewlwyd')
      mkdirSync(own)
      await setUpGlewlwyd(own)
    },
    command({ folder }, port) {
      const { command, args } = glewlwydProgram(join(folder, 'start-glewlwyd'), port)
      return [command, ...args]
    },
  },
]

/** Servers take turns; the first round, which fills caches on the disk, is not counted. */
export async function starts(
  around: Omit<Surroundings, 'cost'>,
  rounds: number,
  tell: (line: string) => void,
): Promise<Starts> {
  tell('start')
  const runs = new Map<Starter, Runs>()
  for (const starter of starters) {
    const fault = await starter.prepare?.(around).catch((error: Error) => error)
    if (fault) tell(`without ${starter.name}: ${fault.message}`)
    else runs.set(starter, { ready: [], memory: [] })
  }
  for (let round = 0; round <= rounds; round += 1) {
    for (const [{ command, jwks = usual.jwks }, all] of runs) {
      const port = await freePort()
      const { ready, memory } = await start(
        command(around, port),
        `http://127.0.0.1:${port}${jwks}`,
      )
      if (round === 0) continue
      all.ready.push(ready)
      all.memory.push(memory)
    }
  }
  return Object.fromEntries(
    [...runs].map(([{ name }, { ready, memory }]) => [
      name,
      { ready: spread(ready, 0), memory: spread(memory, 0) },
    ]),
  )
}

interface Runs {
  readonly ready: number[]
  readonly memory: number[]
}

async function start(
  [command = '', ...args]: readonly string[],
  url: string,
): Promise<{ ready: number; memory: number }> {
  const begun = performance.now()
  const child = spawn(command, args, { stdio: 'ignore' })
  const ended = once(child, 'exit')
  while (!(await answers(url))) {
    if (child.exitCode !== null) throw new Error(`${command} ended instead of starting`)
    await pause(4)
  }
  const ready = performance.now() - begun
  await pause(500)
  const memory = memoryOf(child.pid ?? 0) / 2 ** 20
  child.kill('SIGTERM')
  await ended
  return { ready, memory }
}

const answers = (url: string): Promise<boolean> =>
  fetch(url).then(
    ({ ok }) => ok,
    () => false,
  )
