import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { decodeJwt, decodeProtectedHeader } from 'jose'
import { hashSecret } from '../../src/clients/secrets.ts'
import { currentOf, type Ring } from '../../src/keys/ring.ts'
import { latchkey } from '../cli/command.ts'
import { startBalancer } from '../parts/balancer.ts'
import { type Kind, kinds, startCachingVerifier } from '../parts/caching-verifiers.ts'
import { startKillableServer } from '../parts/killable-server.ts'
import { passingTime } from '../parts/passing-time.ts'
import { freePort } from '../parts/port.ts'
import { temporaryFolder } from '../parts/temporary-folder.ts'
import { until } from '../parts/until.ts'

/** An access token that one of the servers issued. */
export interface Issued {
  readonly token: string
  readonly kid: string
  /** Seconds since the epoch. */
  readonly exp: number
}

const audience = 'https://api.example'
const secret = 'fixture-secret-Zq81'
const life = 30

/** Two servers of one issuer, with their keys in one store, and five APIs: all in processes of their own, under one time. */
export async function rotationScene() {
  const { path: folder, ...temporary } = await temporaryFolder()
  const time = passingTime(folder)
  const ports = [await freePort(), await freePort()]
  const balancer = await startBalancer(ports)
  const issuer = balancer.url
  const settings = {
    issuer,
    keys: { store: true, seal: { key: Buffer.alloc(32, 7).toString('base64') } },
    state: `sqlite:${join(folder, 'state.sqlite')}`,
    users: [{ type: 'embedded', path: join(folder, 'users.sqlite') }],
    apis: [{ audience, scopes: ['read'], accessTokenLifetime: '15m' }],
    clients: [
      { id: 'app', secrets: [hashSecret(secret)], grants: ['client_credentials'] },
      { id: 'api', secrets: [hashSecret(secret)], introspectAll: true },
    ],
    throttle: { enabled: false },
  }
  const file = join(folder, 'latchkey.yaml')
  await writeFile(file, JSON.stringify(settings))
  const servers = await Promise.all(
    ports.map((port) =>
      startKillableServer({ ...settings, listen: { host: '127.0.0.1', port } }, time.environment),
    ),
  )
  const verifiers = kinds.map((kind) =>
    startCachingVerifier(kind, { issuer, audience }, time.environment),
  )
  const database = new DatabaseSync(join(folder, 'state.sqlite'), { readOnly: true })
  const reported = database.prepare(
    'SELECT count(*) AS count FROM key_instance WHERE expires_at >= ?',
  )
  const kept = database.prepare('SELECT text FROM key_ring')

  const post = async (url: string, client: string, form: Readonly<Record<string, string>>) => {
    const response = await fetch(url, {
      method: 'POST',
      headers: { authorization: `Basic ${btoa(`${client}:${secret}`)}`, connection: 'close' },
      body: new URLSearchParams(form),
    })
    if (response.status !== 200) throw new Error(`${response.status}: ${await response.text()}`)
    return (await response.json()) as Readonly<Record<string, unknown>>
  }

  /** Every server has looked at the ring since now, and has said which one it serves. */
  const looked = async (since: number) =>
    until(
      () => Number(reported.get(Math.floor((since + life) * 1000))?.count),
      (count) => count === servers.length,
      30_000,
    )

  const published = () =>
    Promise.all(
      servers.map(async ({ url }) => {
        const answer = await fetch(`${url}/.well-known/jwks.json`, {
          headers: { connection: 'close' },
        })
        const { keys } = (await answer.json()) as { keys: { kid: string }[] }
        return keys.map(({ kid }) => kid)
      }),
    )

  const rest = async (seconds: number) => {
    time.pass(seconds)
    // Wakes those who sleep, who would else find out when they meant to.
    await published()
  }

  const pass = async (seconds: number) => {
    const then = time.now() + seconds
    await rest(seconds)
    await looked(then)
  }

  return {
    verifiers,
    /** What each kind of API says of a token. */
    async judged(token: string): Promise<Record<Kind, string>> {
      const said = verifiers.map(async ({ kind, judge }) => [kind, await judge(token)] as const)
      return Object.fromEntries(await Promise.all(said)) as Record<Kind, string>
    },
    now: time.now,
    /** At least 11 seconds, in which every server looks at the ring, and has something to say. */
    pass,
    passTo: (moment: number) => pass(moment - time.now()),
    /** Nobody waits for the servers to look. */
    rest,
    /** What was begun is known to all, and that all know it. */
    async settle() {
      await pass(15)
      await pass(15)
    },
    /** The kids that each server publishes. */
    published,
    /** When the current key began to sign, in seconds since the epoch. */
    signsSince(): number {
      const ring: Pick<Ring, 'keys'> = JSON.parse(String(kept.get()?.text))
      return (currentOf(ring, 'ES256')?.promotedAt ?? 0) / 1000
    },
    /** A token of each server. */
    issue: (): Promise<Issued[]> =>
      Promise.all(
        servers.map(async ({ url }) => {
          const form = { grant_type: 'client_credentials', resource: audience }
          const token = String((await post(`${url}/token`, 'app', form)).access_token)
          const { kid = '' } = decodeProtectedHeader(token)
          return { token, kid, exp: decodeJwt(token).exp ?? 0 }
        }),
      ),
    /** Whether the token is active, as each server says. */
    introspected: (token: string) =>
      Promise.all(
        servers.map(async ({ url }) => (await post(`${url}/introspect`, 'api', { token })).active),
      ),
    /** `latchkey keys …`, as an operator runs it now. */
    async keys(...words: string[]): Promise<string> {
      const all = ['keys', ...words, '--config', file]
      const { code, stdout, stderr } = await latchkey(all, { environment: time.environment })
      if (code !== 0) throw new Error(stderr)
      return stdout
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(verifiers.map((each) => each.stop()))
      await Promise.all(servers.map((each) => each.kill()))
      database.close()
      await balancer.close()
      await temporary[Symbol.asyncDispose]()
    },
  }
}

export type RotationScene = Awaited<ReturnType<typeof rotationScene>>
