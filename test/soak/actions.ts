import type { Client } from './client.ts'

/** A login that somebody holds, with the refresh tokens it has had. */
interface Session {
  readonly access: string
  readonly tokens: readonly string[]
}

export interface Action {
  readonly name: string
  /** How often, beside the others. */
  readonly weight: number
  /** Every status that is a right answer to it. */
  readonly expected: readonly number[]
  run(client: Client, sessions: Session[]): Promise<number>
}

/** Of the confidential client `app`, and of every user user0 … user99. */
export const [secret, password] = ['soak-secret-Hq27', 'soak-password']

const users = 100
const most = 2000
const any = <T>(list: readonly T[]): T | undefined => list[Math.floor(Math.random() * list.length)]
const user = () => `user${Math.floor(Math.random() * users)}`
const login = { grant_type: 'password', client_id: 'web' }
const basic = `app:${secret}`

/** Takes one away, so that no other caller uses it meanwhile. */
function take(sessions: Session[]): Session | undefined {
  const at = Math.floor(Math.random() * sessions.length)
  return sessions.splice(at, 1)[0]
}

function keep(sessions: Session[], body: string, before: readonly string[] = []): void {
  const { access_token, refresh_token } = JSON.parse(body)
  if (sessions.length < most)
    sessions.push({ access: access_token, tokens: [...before.slice(-4), refresh_token] })
}

const refreshWith = (client: Client, token: string) =>
  client.post('/token', {
    grant_type: 'refresh_token',
    client_id: 'web',
    refresh_token: token,
  })

/** Nothing to act upon yet is no answer. */
const nothing = 0

/** What a day brings, malice and accidents too. Hashes may be too many at once: that 503 is asked for. */
export const actions: readonly Action[] = [
  {
    name: 'login',
    weight: 10,
    // 429 where others guessed at the user just before.
    expected: [200, 429, 503],
    async run(client, sessions) {
      const answer = await client.post('/token', { ...login, username: user(), password })
      if (answer.status === 200) keep(sessions, answer.body)
      return answer.status
    },
  },
  {
    name: 'wrong login',
    weight: 5,
    expected: [400, 429, 503],
    async run(client) {
      const username = Math.random() < 0.5 ? user() : `nobody${Math.random()}`
      return (await client.post('/token', { ...login, username, password: 'guess' })).status
    },
  },
  {
    name: 'refresh',
    weight: 30,
    expected: [200],
    async run(client, sessions) {
      const session = take(sessions)
      if (session === undefined) return nothing
      const answer = await refreshWith(client, session.tokens.at(-1) ?? '')
      if (answer.status === 200) keep(sessions, answer.body, session.tokens)
      return answer.status
    },
  },
  {
    name: 'refresh, retried',
    weight: 5,
    expected: [200],
    async run(client, sessions) {
      const session = take(sessions)
      if (session === undefined) return nothing
      const token = session.tokens.at(-1) ?? ''
      const both = await Promise.all([refreshWith(client, token), refreshWith(client, token)])
      const [one, other] = both
      if (one.status === 200) keep(sessions, one.body, session.tokens)
      return one.status === 200 ? other.status : one.status
    },
  },
  {
    name: 'refresh, reused',
    weight: 2,
    expected: [400],
    async run(client, sessions) {
      const session = take(sessions)
      const [old, , current] = session?.tokens ?? []
      if (session === undefined || old === undefined || current === undefined) {
        if (session !== undefined) sessions.push(session)
        return nothing
      }
      return (await refreshWith(client, old)).status
    },
  },
  {
    name: 'revocation',
    weight: 6,
    expected: [200],
    async run(client, sessions) {
      const session = take(sessions)
      if (session === undefined) return nothing
      const token = Math.random() < 0.5 ? session.access : (session.tokens.at(-1) ?? '')
      return (await client.post('/revoke', { token, client_id: 'web' })).status
    },
  },
  {
    name: 'introspection',
    weight: 15,
    expected: [200],
    async run(client, sessions) {
      const token = any(sessions)?.access
      return token === undefined
        ? nothing
        : (await client.post('/introspect', { token }, basic)).status
    },
  },
  {
    name: 'client_credentials',
    weight: 10,
    expected: [200],
    run: async (client) =>
      (await client.post('/token', { grant_type: 'client_credentials' }, basic)).status,
  },
  {
    name: 'wrong secret',
    weight: 1,
    expected: [401, 429],
    run: async (client) =>
      (await client.post('/token', { grant_type: 'client_credentials' }, 'app:guess')).status,
  },
  {
    name: 'documents',
    weight: 8,
    expected: [200],
    run: async (client) =>
      (
        await client.get(
          any(['/.well-known/jwks.json', '/.well-known/oauth-authorization-server', '/healthz']) ??
            '',
        )
      ).status,
  },
  {
    name: 'feed',
    weight: 3,
    expected: [200],
    async run(client) {
      const { status, body } = await client.get('/revocations')
      if (status !== 200) return status
      const { position } = JSON.parse(atob((body.split('.')[1] ?? '').replace(/[-_]/g, plain)))
      return (await client.get(`/revocations?after=${position}&wait=3`)).status
    },
  },
  {
    name: 'malformed request',
    weight: 4,
    expected: [400, 401, 404, 405, 413, 415],
    async run(client) {
      const [path, body] = any(nonsense) ?? ['/', '']
      return (await client.post(path, body)).status
    },
  },
  {
    name: 'malformed message',
    weight: 3,
    expected: [0, 400, 404, 405, 408, 413, 431, 501],
    run: (client) => client.raw(any(garbage) ?? ''),
  },
]

const plain = (letter: string) => (letter === '-' ? '+' : '/')

const nonsense = [
  ['/token', 'grant_type=%zz'],
  ['/token', 'grant_type=nonsense&client_id=web'],
  ['/token', 'grant_type=refresh_token&client_id=web&refresh_token=x'],
  ['/token', `a=${'x'.repeat(70_000)}`],
  ['/introspect', 'token=x'],
  ['/nowhere', 'a=b'],
] as const

const garbage = [
  '\u0000\u0001\u0002\r\n\r\n',
  'GET / HTTP/9.9\r\n\r\n',
  'POST /token HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nhalf',
  'GET /healthz HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n',
  `GET /healthz HTTP/1.1\r\nHost: a\r\nX: ${'y'.repeat(20_000)}\r\n\r\n`,
  '',
]
