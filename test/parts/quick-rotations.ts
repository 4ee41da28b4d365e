import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { createRemoteJWKSet, decodeJwt, decodeProtectedHeader, jwtVerify } from 'jose'
import { hashSecret } from '../../src/clients/secrets.ts'
import { createVerifier, followRevocations } from '../../src/resource-server/index.ts'
import { startBalancer } from './balancer.ts'
import { startKillableServer } from './killable-server.ts'
import { freePort } from './port.ts'
import { temporaryFolder } from './temporary-folder.ts'

/** What became of everything that was asked for while keys changed. */
export interface Rotated {
  /** Keys that took over. */
  readonly rotations: number
  readonly issued: number
  readonly verified: number
  /** Tokens that were alive and refused, by who refused them and why. */
  readonly refused: Readonly<Record<string, number>>
  /** Requests for a token that got none, by the answer. */
  readonly failed: Readonly<Record<string, number>>
}

export interface Scene {
  /** Where the ring is; the store unless given. */
  readonly keys?: 'folder' | 'store'
  /** URL of the state; SQLite unless given. */
  readonly state?: string
  /** Who ask at the same time; 4 unless given. */
  readonly clients?: number
}

const audience = 'https://api.example'
const secret = 'fixture-secret-Zq81'

/** Seconds. A copy of the JWK Set is kept as long as `Cache-Control` says then. */
const [life, publishAhead, rotateEvery, cached] = [2, 2, 3, 1]
/** Milliseconds for a rotation, after which no more is hoped for. */
const patience = 30_000

/**
 * Two servers that share their keys change them every few seconds, `rotations` times, while clients
 * take tokens of both, and have each verified at once, and some at their end again.
 */
export async function rotateQuickly(rotations: number, scene: Scene = {}): Promise<Rotated> {
  await using folder = await temporaryFolder()
  await using servers = await startServers(folder.path, scene)
  await using apis = verifiers(servers.issuer)
  const kids = new Set<string>()
  const refused: Record<string, number> = {}
  const failed: Record<string, number> = {}
  const again: Promise<void>[] = []
  let [issued, verified] = [0, 0]

  const judge = async (token: string) => {
    const { exp = 0 } = decodeJwt(token)
    for (const [name, verify] of apis.all) {
      const fault = await verify(token).then(
        () => undefined,
        ({ message }) => `${name}: ${message}`,
      )
      if (fault === undefined) verified += 1
      // One that died meanwhile is refused by right.
      else if (Date.now() < exp * 1000) count(refused, fault)
    }
  }
  const deadline = performance.now() + rotations * patience
  const client = async (url: string) => {
    while (kids.size <= rotations && performance.now() < deadline) {
      await pause(10)
      const token = await tokenOf(url).catch(({ message }) => count(failed, message))
      if (token === undefined) continue
      issued += 1
      kids.add(decodeProtectedHeader(token).kid ?? 'none')
      await judge(token)
      // When its key may be one that signs no more.
      if (issued % 4 === 0) again.push(pause(life * 900).then(() => judge(token)))
    }
  }
  const { clients = 4 } = scene
  const urls = Array.from(
    { length: clients },
    (_, n) => servers.urls[n % servers.urls.length] ?? '',
  )
  await Promise.all(urls.map(client))
  await Promise.all(again)
  return { rotations: kids.size - 1, issued, verified, refused, failed }
}

/** Two servers, with keys that go quicker than any configuration allows (quick-keys.ts). */
async function startServers(folder: string, { keys, state }: Scene) {
  const ports = [await freePort(), await freePort()]
  const balancer = await startBalancer(ports)
  const home = keys === 'folder' ? { folder: join(folder, 'keys') } : { store: true }
  const seal = { key: Buffer.alloc(32, 7).toString('base64') }
  const settings = {
    issuer: balancer.url,
    development: true,
    keys: { ...home, seal, publishAhead, rotateEvery },
    state: state ?? `sqlite:${join(folder, 'state.sqlite')}`,
    users: [{ type: 'embedded', path: join(folder, 'users.sqlite') }],
    apis: [{ audience, accessTokenLifetime: life }],
    clients: [{ id: 'app', secrets: [hashSecret(secret)], grants: ['client_credentials'] }],
    throttle: { enabled: false },
  }
  const environment = { NODE_OPTIONS: `--import=${new URL('quick-keys.ts', import.meta.url)}` }
  const servers = await Promise.all(
    ports.map((port) =>
      startKillableServer({ ...settings, listen: { host: '127.0.0.1', port } }, environment),
    ),
  )
  return {
    issuer: balancer.url,
    urls: servers.map(({ url }) => url),
    async [Symbol.asyncDispose]() {
      await Promise.all(servers.map((each) => each.stop()))
      await balancer.close()
    },
  }
}

/** APIs that keep keys as long as they may here. */
function verifiers(issuer: string) {
  const jwksTiming = { maxAge: cached, cooldown: cached }
  const feed = followRevocations({ issuer, jwksTiming })
  const ours = createVerifier({ issuer, audience, jwksTiming, isRevoked: feed.isRevoked })
  const keys = createRemoteJWKSet(new URL(`${issuer}/.well-known/jwks.json`), {
    cacheMaxAge: cached * 1000,
    cooldownDuration: cached * 1000,
  })
  const all: readonly (readonly [string, (token: string) => Promise<unknown>])[] = [
    ['jose', (token) => jwtVerify(token, keys, { issuer, audience, typ: 'at+jwt' })],
    ['our SDK', ours.verify],
  ]
  return { all, [Symbol.asyncDispose]: async () => feed.close() }
}

async function tokenOf(url: string): Promise<string> {
  const answer = await fetch(`${url}/token`, {
    method: 'POST',
    headers: { authorization: `Basic ${btoa(`app:${secret}`)}` },
    body: new URLSearchParams({ grant_type: 'client_credentials', resource: audience }),
  })
  if (answer.status !== 200) throw new Error(`${answer.status} ${await answer.text()}`)
  return ((await answer.json()) as { access_token: string }).access_token
}

function count(tally: Record<string, number>, what: string): undefined {
  tally[what] = (tally[what] ?? 0) + 1
}
