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

const audience = 'https://api.example'
const secret = 'fixture-secret-Zq81'
const quick = new URL('quick-keys.ts', import.meta.url).href

/** Milliseconds for a rotation, after which no more is hoped for. */
const patience = 30_000

/** Seconds: a day and five minutes of the real schedule. */
const [life, publishAhead, rotateEvery, cached] = [2, 2, 3, 1]

/**
 * Two servers with their keys in one store change them every few seconds, `rotations` times, while
 * clients take tokens of both, and have each verified at once and at its end.
 */
export async function rotateQuickly(
  rotations: number,
  { state, clients = 4 }: { readonly state?: string; readonly clients?: number } = {},
): Promise<Rotated> {
  await using folder = await temporaryFolder()
  const ports = [await freePort(), await freePort()]
  const balancer = await startBalancer(ports)
  const issuer = balancer.url
  const settings = {
    issuer,
    development: true,
    keys: {
      ...{ store: true, seal: { key: Buffer.alloc(32, 7).toString('base64') } },
      ...{ publishAhead, rotateEvery },
    },
    state: state ?? `sqlite:${join(folder.path, 'state.sqlite')}`,
    users: [{ type: 'embedded', path: join(folder.path, 'users.sqlite') }],
    apis: [{ audience, accessTokenLifetime: life }],
    clients: [{ id: 'app', secrets: [hashSecret(secret)], grants: ['client_credentials'] }],
    throttle: { enabled: false },
  }
  const servers = await Promise.all(
    ports.map((port) =>
      startKillableServer(
        { ...settings, listen: { host: '127.0.0.1', port } },
        { NODE_OPTIONS: `--import=${quick}` },
      ),
    ),
  )
  const feed = followRevocations({ issuer, jwksTiming: { maxAge: cached, cooldown: cached } })
  const { verify } = createVerifier({
    issuer,
    audience,
    jwksTiming: { maxAge: cached, cooldown: cached },
    isRevoked: feed.isRevoked,
  })
  const keys = createRemoteJWKSet(new URL(`${issuer}/.well-known/jwks.json`), {
    cacheMaxAge: cached * 1000,
    cooldownDuration: cached * 1000,
  })
  const judges: Readonly<Record<string, (token: string) => Promise<unknown>>> = {
    jose: (token) => jwtVerify(token, keys, { issuer, audience, typ: 'at+jwt' }),
    'our SDK': verify,
  }

  const kids = new Set<string>()
  const refused: Record<string, number> = {}
  const failed: Record<string, number> = {}
  const count = (tally: Record<string, number>, what: string) => {
    tally[what] = (tally[what] ?? 0) + 1
  }
  let [issued, verified] = [0, 0]

  const judgeAll = async (token: string) => {
    const { exp = 0 } = decodeJwt(token)
    for (const [name, judge] of Object.entries(judges)) {
      const fault = await judge(token).then(
        () => undefined,
        ({ message }) => `${name}: ${message}`,
      )
      if (fault === undefined) verified += 1
      // One that died meanwhile is refused by right.
      else if (Date.now() < exp * 1000) count(refused, fault)
    }
  }
  const form = { grant_type: 'client_credentials', resource: audience }
  const tokenOf = async (url: string): Promise<string> => {
    const answer = await fetch(`${url}/token`, {
      method: 'POST',
      headers: { authorization: `Basic ${btoa(`app:${secret}`)}` },
      body: new URLSearchParams(form),
    })
    if (answer.status !== 200) throw new Error(`${answer.status} ${await answer.text()}`)
    return ((await answer.json()) as { access_token: string }).access_token
  }
  const deadline = performance.now() + rotations * patience
  const ends: Promise<void>[] = []
  const client = async (url: string) => {
    while (kids.size <= rotations && performance.now() < deadline) {
      await pause(10)
      const token = await tokenOf(url).catch(({ message }) => count(failed, message))
      if (token === undefined) continue
      issued += 1
      kids.add(decodeProtectedHeader(token).kid ?? 'none')
      await judgeAll(token)
      // A second time when its key may be one that signs no more.
      if (issued % 4 === 0) ends.push(pause(life * 900).then(() => judgeAll(token)))
    }
  }
  try {
    await Promise.all(
      servers.flatMap(({ url }) => Array.from({ length: clients / 2 }, () => client(url))),
    )
    await Promise.all(ends)
  } finally {
    feed.close()
    await Promise.all(servers.map((each) => each.stop()))
    await balancer.close()
  }
  return {
    rotations: kids.size - 1,
    issued,
    verified,
    refused,
    failed,
  }
}
