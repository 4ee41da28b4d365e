import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { freePort } from '../test/parts/port.ts'
import type { RedisServer } from '../test/parts/redis.ts'
import { glewlwydProgram, setUpGlewlwyd } from './glewlwyd.ts'
import { type HashCost, startLatchkey } from './latchkey.ts'
import { type Subject, startProgram, startSubject } from './subject.ts'

export const owasp: HashCost = [19_456, 2, 1]
/** What pwdlib and argon2-cffi recommend, and the tutorial has. */
export const tutorial: HashCost = [65_536, 3, 4]
/** The least that Latchkey's configuration takes. */
export const least: HashCost = [8192, 1, 1]

export interface Surroundings {
  readonly folder: string
  readonly redis: RedisServer
  readonly cost: HashCost
  /** Another checkout, to compare with. */
  readonly tree?: string
}

export interface Contestant {
  readonly name: string
  /** Machine code from the start: there is nothing to warm. */
  readonly native?: true
  /** Whether the scoreboard goes on without it where it is not installed. */
  readonly optional?: true
  start(surroundings: Surroundings): Promise<Subject>
}

let started = 0

/** So that each has a folder, and a database in the one Redis, of its own; Redis has 16. */
function place(): number {
  started += 1
  return started
}

const redisUrl = ({ redis }: Surroundings) => `${redis.url}/${place() % 16}`

function folderFor({ folder }: Surroundings): string {
  const own = join(folder, String(place()))
  mkdirSync(own)
  return own
}

const latchkey = (name: string, state: (surroundings: Surroundings) => string): Contestant => ({
  name,
  async start(surroundings) {
    const folder = folderFor(surroundings)
    return startLatchkey({ ...surroundings, folder, state: state({ ...surroundings, folder }) })
  },
})

const reference = (
  name: string,
  file: string,
  words: (surroundings: Surroundings) => readonly (string | number)[] = () => [],
): Contestant => ({
  name,
  start: async (surroundings) =>
    startSubject(join('references', file), [await freePort(), ...words(surroundings)].map(String)),
})

export const latchkeyRedis = latchkey('Latchkey, Redis', redisUrl)
export const latchkeySqlite = latchkey(
  'Latchkey, SQLite',
  ({ folder }) => `sqlite:${join(folder, 'state.sqlite')}`,
)
export const bare = reference('oidc-provider, Redis', 'oidc-provider.ts', (surroundings) => [
  redisUrl(surroundings),
  ...surroundings.cost,
])
export const nodeOauth = reference('@node-oauth/oauth2-server, in memory', 'node-oauth.js')
export const koaJose = reference('Koa and jose, nothing else', 'koa-jose.ts')
export const nodeHttp = reference(
  'node:http and the work itself',
  'node-http.ts',
  (surroundings) => [redisUrl(surroundings)],
)

/** Debian's python3-fastapi, uvicorn, python3-multipart, python3-jwt, python3-argon2. */
export const fastapi: Contestant = {
  name: 'FastAPI tutorial',
  optional: true,
  async start({ cost }) {
    const port = await freePort()
    return startProgram({
      command: process.env.PYTHON ?? '/usr/bin/python3',
      args: ['-B', '-m', 'uvicorn', 'main:app', '--port', String(port), '--no-access-log'],
      folder: join(import.meta.dirname, 'references', 'fastapi'),
      url: `http://127.0.0.1:${port}`,
      environment: { ARGON2: cost.join(',') },
    })
  },
}

/** Debian's glewlwyd. */
export const glewlwyd: Contestant = {
  name: 'glewlwyd, SQLite',
  native: true,
  optional: true,
  async start(surroundings) {
    const folder = folderFor(surroundings)
    await setUpGlewlwyd(folder)
    return startProgram(glewlwydProgram(folder, await freePort()))
  },
}

/** Nothing, and a word to who watches, where a reference is not installed. */
export async function startIfThere(
  contestant: Contestant,
  surroundings: Surroundings,
  tell: (line: string) => void,
): Promise<Subject | undefined> {
  if (!contestant.optional) return contestant.start(surroundings)
  return contestant.start(surroundings).catch((error: Error) => {
    tell(`without ${contestant.name}: ${error.message}`)
    return undefined
  })
}
