import { Agent } from 'node:http'
import { type NextCall, send } from './load.ts'
import type { Subject } from './subject.ts'

type Server = Pick<Subject, 'url' | 'manner'>

/** One endpoint, asked in the same words of every server that has it. */
export interface Scenario {
  readonly name: string
  readonly prepare: (server: Server) => Promise<NextCall>
}

export const connections = 16

const basic = (client: string) =>
  `Basic ${Buffer.from(`${client}:bench-secret`).toString('base64')}`
export const login = 'grant_type=password&username=johndoe&password=secret&client_id=web&scope=read'

const byItself = ({ manner }: Server) =>
  manner.confidential ? { authorization: basic('web') } : {}

export const field = (body: string, name: string): string => String(JSON.parse(body)[name])

/** One login for each caller. */
async function logins(server: Server): Promise<string[]> {
  const agent = new Agent({ keepAlive: true })
  const answers: string[] = []
  for (let index = 0; index < connections; index += 1) {
    const call = { path: '/token', form: login, ...byItself(server) }
    answers.push((await send(agent, server.url, call)).body)
  }
  agent.destroy()
  return answers
}

export const clientCredentials: Scenario = {
  name: 'client_credentials',
  prepare: async () => () => ({
    path: '/token',
    form: 'grant_type=client_credentials&scope=read&resource=https://api.example',
    authorization: basic('app'),
  }),
}

/** Each caller spends the refresh token of its last answer. */
export const refresh: Scenario = {
  name: 'refresh_token',
  async prepare(server) {
    const first = await logins(server)
    return (caller, last) => ({
      path: '/token',
      form: `grant_type=refresh_token&client_id=web&refresh_token=${field(last || (first[caller] ?? ''), 'refresh_token')}`,
      ...byItself(server),
    })
  },
}

export const introspection: Scenario = {
  name: 'introspection',
  async prepare(server) {
    const tokens = (await logins(server)).map((answer) => field(answer, 'access_token'))
    return (caller, last) => {
      // "No" is quick, and answered 200, too.
      if (last !== '' && field(last, 'active') !== 'true') throw new Error(`not active: ${last}`)
      return {
        path: '/introspect',
        form: `token=${tokens[caller]}`,
        authorization: basic('app'),
        ...byItself(server),
      }
    }
  },
}

export const jwks: Scenario = {
  name: 'JWKS',
  prepare:
    async ({ manner }) =>
    () => ({ path: manner.jwks, method: 'GET' }),
}

export const metadata: Scenario = {
  name: 'metadata',
  prepare:
    async ({ manner }) =>
    () => ({ path: manner.metadata, method: 'GET' }),
}

export const password: Scenario = {
  name: 'password, cheap hash',
  prepare: async () => () => ({ path: '/token', form: login }),
}
