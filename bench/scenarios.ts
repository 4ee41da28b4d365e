import { Agent } from 'node:http'
import { type NextCall, send } from './load.ts'

/** One endpoint, asked in the same words of every server that has it. */
export interface Scenario {
  readonly name: string
  readonly prepare: (url: string) => Promise<NextCall>
}

export const connections = 16

const basic = `Basic ${Buffer.from('app:bench-secret').toString('base64')}`
export const login = 'grant_type=password&username=johndoe&password=secret&client_id=web'

export const field = (body: string, name: string): string => String(JSON.parse(body)[name])

/** One login for each caller. */
async function logins(url: string): Promise<string[]> {
  const agent = new Agent({ keepAlive: true })
  const answers: string[] = []
  for (let index = 0; index < connections; index += 1) {
    answers.push((await send(agent, url, { path: '/token', form: login })).body)
  }
  agent.destroy()
  return answers
}

export const clientCredentials: Scenario = {
  name: 'client_credentials',
  prepare: async () => () => ({
    path: '/token',
    form: 'grant_type=client_credentials&resource=https://api.example',
    authorization: basic,
  }),
}

/** Each caller spends the refresh token of its last answer. */
export const refresh: Scenario = {
  name: 'refresh_token',
  async prepare(url) {
    const first = await logins(url)
    return (caller, last) => ({
      path: '/token',
      form: `grant_type=refresh_token&client_id=web&refresh_token=${field(last || (first[caller] ?? ''), 'refresh_token')}`,
    })
  },
}

export const introspection: Scenario = {
  name: 'introspection',
  async prepare(url) {
    const tokens = (await logins(url)).map((answer) => field(answer, 'access_token'))
    return (caller) => ({
      path: '/introspect',
      form: `token=${tokens[caller]}`,
      authorization: basic,
    })
  },
}

export const jwks: Scenario = {
  name: 'JWKS',
  prepare: async () => () => ({ path: '/.well-known/jwks.json', method: 'GET' }),
}

export const metadata: Scenario = {
  name: 'metadata',
  prepare: async () => () => ({ path: '/.well-known/oauth-authorization-server', method: 'GET' }),
}

export const password: Scenario = {
  name: 'password, cheap hash',
  prepare: async () => () => ({ path: '/token', form: login }),
}

export const scenarios = [clientCredentials, refresh, introspection, jwks, metadata, password]
