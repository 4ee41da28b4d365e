import { join } from 'node:path'
import {
  type Answer,
  cheapHash,
  type Form,
  fixtureApis,
  fixtureClients,
  type Latchkey,
  type PostOptions,
  passwordGrant,
  secret,
} from '../parts/latchkey.ts'
import { freePort } from '../parts/port.ts'

/** What a process of its own needs to be the same server as `latchkey`, beside it. */
export async function sameServer(
  { issuer, folder }: Pick<Latchkey, 'issuer' | 'folder'>,
  state = `sqlite:${join(folder, 'state.sqlite')}`,
): Promise<object> {
  return {
    issuer,
    listen: { host: '127.0.0.1', port: await freePort() },
    keys: join(folder, 'keys'),
    state,
    users: [{ type: 'embedded', path: join(folder, 'users.sqlite') }],
    apis: fixtureApis,
    clients: fixtureClients,
    passwords: { hash: cheapHash, wait: 10_000 },
    throttle: { enabled: false },
  }
}

/** POST of a form to a server that is in another process. */
export async function postTo(
  url: string,
  path: string,
  form: Form,
  { basic }: PostOptions = {},
): Promise<Pick<Answer, 'status' | 'json'>> {
  const response = await fetch(url + path, {
    method: 'POST',
    headers: {
      'Content-Type': 'application/x-www-form-urlencoded',
      ...(basic !== undefined && {
        Authorization: `Basic ${Buffer.from(basic).toString('base64')}`,
      }),
    },
    body: typeof form === 'string' ? form : new URLSearchParams(form).toString(),
  })
  return { status: response.status, json: (await response.json()) as Answer['json'] }
}

/** A login as the strict client, whose refresh tokens have no grace. */
export const strictLogin = { ...passwordGrant, client_id: 'app', client_secret: secret }

export const refreshing = (token: string, client = 'app'): Record<string, string> => ({
  grant_type: 'refresh_token',
  refresh_token: token,
  client_id: client,
  ...(client === 'app' && { client_secret: secret }),
})

/** `200`, or the error code. */
export const outcomeOf = ({ status, json }: Pick<Answer, 'status' | 'json'>): string =>
  status === 200 ? '200' : `${status} ${json.error}`

/** As many promises at once as `count`. */
export const atOnce = <T>(count: number, make: (index: number) => Promise<T>): Promise<T[]> =>
  Promise.all(Array.from({ length: count }, (_, index) => make(index)))

export const isActive = async (server: Latchkey, token: string): Promise<unknown> =>
  (await server.post('/introspect', { token }, { basic: `resource-server:${secret}` })).json.active

/** Milliseconds of processor time that this process, and so a server within it, takes for `work`. */
export async function processorTime(work: () => Promise<unknown>): Promise<number> {
  const before = process.cpuUsage()
  await work()
  const { user, system } = process.cpuUsage(before)
  return (user + system) / 1000
}
