import { join } from 'node:path'
import { pino } from 'pino'
import { hashSecret } from '../../src/clients/secrets.ts'
import { Config } from '../../src/config/schema.ts'
import { hashArgon2id } from '../../src/passwords/argon2.ts'
import { type Service, startService } from '../../src/service.ts'
import { openAccounts } from '../../src/users/embedded/accounts.ts'
import { createCanary } from './canary.ts'
import { freePort } from './port.ts'
import { temporaryFolder } from './temporary-folder.ts'

/** Answers of the token endpoint, successes and errors alike. */
export interface TokenAnswer {
  readonly access_token: string
  readonly refresh_token: string
  readonly token_type: string
  readonly expires_in: number
  readonly scope: string
  readonly error: string
  readonly error_description: string
}

export interface Latchkey extends Omit<Speaker, 'searchLog'> {
  readonly issuer: string
  readonly folder: string
  readonly service: Service
  readonly accounts: ReturnType<typeof openAccounts>
  /** Every line of the log so far, parsed. */
  readonly log: readonly Record<string, unknown>[]
  /** Reloads with other overrides, as SIGHUP does with another file. */
  replace(overrides: Record<string, unknown>): Promise<void>
  /** Ends it, and throws when its log holds a secret that went through `post`, or a stored hash. */
  stop(): Promise<void>
}

export type Form = Readonly<Record<string, string>> | string
export interface PostOptions {
  readonly basic?: string
  readonly headers?: Readonly<Record<string, string>>
}
export interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly text: string
  readonly json: TokenAnswer & Record<string, unknown>
}

/** Secret of every confidential client of the fixture. */
export const secret = 'fixture-secret-Zq81'

/** Cheap, so that tests of the protocol do not wait for hashes. */
export const cheapHash = { memory: 8192, iterations: 1, parallelism: 1 }

export const fixtureApis = [
  { audience: 'https://api.example', scopes: ['read', 'write', 'admin'], profile: true },
  { audience: 'https://opaque.example', scopes: ['peek'], format: 'opaque' },
  { audience: 'https://rsa.example', scopes: ['sum'], algorithm: 'RS256' },
]

export const fixtureClients = [
  {
    id: 'web',
    public: true,
    grants: ['password', 'refresh_token'],
    scopes: ['read', 'write', 'peek', 'sum'],
    origins: ['https://web.example', 'http://localhost'],
  },
  { id: 'other-web', public: true, grants: ['password', 'refresh_token'] },
  {
    id: 'app',
    secrets: [hashSecret(secret)],
    grants: ['password', 'refresh_token', 'client_credentials'],
    refresh: { grace: 0 },
  },
  {
    id: 'service',
    secrets: [hashSecret(secret)],
    grants: ['client_credentials'],
    scopes: ['read'],
  },
  { id: 'resource-server', secrets: [hashSecret(secret)], introspectAll: true },
]

/** What is asked of a server under test, and remembered: no secret of it may come back in the log. */
export interface Speaker {
  /** POST to an endpoint with a form; credentials as Basic when `basic` is given ("id:secret", sent raw). */
  post(path: string, form: Form, options?: PostOptions): Promise<Answer>
  /** A right password login of johndoe through the public client `web`. */
  login(form?: Form): Promise<TokenAnswer>
  /** Throws when one of the lines holds a secret that went through `post`, or a stored hash. */
  searchLog(lines: readonly object[]): void
}

/** `base`: where the endpoints are. */
export function speakTo(base: string): Speaker {
  const canary = createCanary()
  const post = async (path: string, form: Form, options: PostOptions = {}): Promise<Answer> => {
    const body = typeof form === 'string' ? form : new URLSearchParams(form).toString()
    canary.sent(new URLSearchParams(body), options.basic)
    const response = await fetch(base + path, {
      method: 'POST',
      headers: {
        'Content-Type': 'application/x-www-form-urlencoded',
        ...(options.basic !== undefined && {
          Authorization: `Basic ${Buffer.from(options.basic).toString('base64')}`,
        }),
        ...options.headers,
      },
      body,
    })
    const text = await response.text()
    const { status, headers } = response
    const isJson = headers.get('content-type')?.startsWith('application/json') ?? false
    const json = isJson ? JSON.parse(text) : {}
    canary.answered(json)
    return { status, headers, text, json }
  }
  return {
    post,
    async login(form = {}) {
      const answer = await post('/token', { ...passwordGrant, ...(form as object) })
      if (answer.status !== 200) throw new Error(`login failed: ${answer.text}`)
      return answer.json
    },
    searchLog(lines) {
      const [leak] = canary.found(lines.map((line) => JSON.stringify(line)))
      if (leak !== undefined) throw new Error(`the log holds a secret: ${leak}`)
    },
  }
}

/** The configuration of a server whose files are in the folder, where johndoe is made at once. */
export async function fixture(folder: string) {
  const port = await freePort()
  const users = join(folder, 'users.sqlite')
  const accounts = openAccounts(users)
  await accounts.add(johndoe)
  const settings = {
    issuer: `http://127.0.0.1:${port}`,
    listen: { host: '127.0.0.1', port },
    keys: join(folder, 'keys'),
    state: `sqlite:${join(folder, 'state.sqlite')}`,
    users: [{ type: 'embedded', path: users }],
    apis: fixtureApis,
    clients: fixtureClients,
    // A busy machine is late, and no spec that did not ask for it is about that.
    passwords: { hash: cheapHash, wait: 10_000 },
    throttle: { enabled: false },
  }
  return { settings, accounts }
}

/** The server in this process, on a free port, with johndoe / secret and the fixture's clients. */
export async function startLatchkey(overrides: Record<string, unknown> = {}): Promise<Latchkey> {
  const { path: folder, ...temporary } = await temporaryFolder()
  const { settings: usual, accounts } = await fixture(folder)
  const settings = { ...usual, ...overrides }
  const config = Config.parse(settings)
  const log: Record<string, unknown>[] = []
  const logger = pino({ level: 'debug' }, { write: (line: string) => log.push(JSON.parse(line)) })
  const service = await startService(config, logger)
  const { searchLog, ...speaker } = speakTo(
    service.url + new URL(config.issuer).pathname.replace(/\/$/, ''),
  )

  return {
    issuer: config.issuer,
    folder,
    service,
    accounts,
    log,
    ...speaker,
    replace: (others) => service.replace(Config.parse({ ...settings, ...others }), logger),
    async stop() {
      await service.close()
      await accounts.close()
      await temporary[Symbol.asyncDispose]()
      searchLog(log)
    },
  }
}

export const passwordGrant = {
  grant_type: 'password',
  username: 'johndoe',
  password: 'secret',
  client_id: 'web',
}

/** The stored form of a password. */
export const cheaply = (password: string): Promise<string> =>
  hashArgon2id(Buffer.from(password), cheapHash)

const johndoe = {
  username: 'johndoe',
  email: 'johndoe@example.com',
  fullName: 'John Doe',
  hash: await cheaply('secret'),
}
