import { join } from 'node:path'
import { setTimeout as pause, setImmediate as turn } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import {
  type AccessTokenVerifier,
  createVerifier,
  followRevocations,
} from '../src/resource-server/index.ts'
import { openState } from '../src/state/index.ts'
import { freePort } from '../test/parts/port.ts'
import { startRedis } from '../test/parts/redis.ts'
import { temporaryFolder } from '../test/parts/temporary-folder.ts'
import { startSubject } from './subject.ts'

/**
 * npm run bench:feed [-- --revocations 500]: over SQLite and Redis, the time from the 200 of a
 * revocation to the SDK in another process refusing the token; and what the feed adds to verifying
 * a token, in pairs of blocks that take turns.
 */
const { values } = parseArgs({ options: { revocations: { type: 'string', default: '500' } } })
const revocations = Number(values.revocations)
const audience = 'https://api.example'
const [blocks, block] = [40, 2000] as const

const sorted = (times: readonly number[]) => times.toSorted((a, b) => a - b)
const quantile = (times: readonly number[], q: number) =>
  sorted(times)[Math.min(times.length - 1, Math.floor(q * times.length))] ?? Number.NaN

async function post(url: string, path: string, form: Record<string, string>) {
  const answer = await fetch(url + path, { method: 'POST', body: new URLSearchParams(form) })
  if (answer.status !== 200) throw new Error(`${path}: ${answer.status} ${await answer.text()}`)
  return (await answer.json()) as { access_token: string; refresh_token: string }
}
const login = (url: string) =>
  post(url, '/token', {
    grant_type: 'password',
    username: 'johndoe',
    password: 'secret',
    client_id: 'web',
  })

const refuses = (verifier: AccessTokenVerifier, token: string) =>
  verifier.verify(token).then(
    () => false,
    (error) => {
      if (error.code !== 'invalid_token') throw error
      return true
    },
  )

async function staleness(url: string): Promise<number[]> {
  const feed = followRevocations({ issuer: url })
  const verifier = createVerifier({ issuer: url, audience, isRevoked: feed.isRevoked })
  const times: number[] = []
  for (let index = 0; index < revocations; index += 1) {
    const { access_token, refresh_token } = await login(url)
    if (await refuses(verifier, access_token)) throw new Error('refused before it was revoked')
    // So that revocations fall anywhere between two looks of the server.
    await pause(200 * Math.random())
    await post(url, '/revoke', { token: refresh_token, client_id: 'web' })
    const revoked = performance.now()
    while (!(await refuses(verifier, access_token))) await turn()
    times.push(performance.now() - revoked)
  }
  feed.close()
  return times
}

/** Microseconds a verification, without and with the feed, pair by pair. */
async function cost(url: string): Promise<[without: number, withFeed: number][]> {
  const feed = followRevocations({ issuer: url })
  const plain = createVerifier({ issuer: url, audience })
  const following = createVerifier({ issuer: url, audience, isRevoked: feed.isRevoked })
  const { access_token } = await login(url)
  const run = async (verifier: AccessTokenVerifier) => {
    const start = performance.now()
    for (let index = 0; index < block; index += 1) await verifier.verify(access_token)
    const elapsed = performance.now() - start
    // Verifying alone never lets the follower have its turn.
    await pause(5)
    return (elapsed * 1000) / block
  }
  const pairs: [number, number][] = []
  for (let index = 0; index < blocks; index += 1) {
    const first = index % 2 === 0 ? await run(plain) : undefined
    const second = await run(following)
    pairs.push([first ?? (await run(plain)), second])
  }
  feed.close()
  return pairs.slice(2)
}

const report = (name: string, pairs: readonly [number, number][]) => {
  const difference = pairs.map(([without, withFeed]) => withFeed - without)
  console.log(
    `verify, ${name}: ${quantile(
      pairs.map(([one]) => one),
      0.5,
    ).toFixed(1)} µs without, ` +
      `${quantile(difference, 0.5).toFixed(2)} µs more with the feed (quartiles ` +
      `${quantile(difference, 0.25).toFixed(2)} to ${quantile(difference, 0.75).toFixed(2)})`,
  )
}

for (const store of ['SQLite', 'Redis']) {
  const folder = await temporaryFolder()
  const redis = store === 'Redis' ? await startRedis() : undefined
  const state = redis?.url ?? `sqlite:${join(folder.path, 'state.sqlite')}`
  const args = [folder.path, state, String(await freePort()), '8192', '1', '1']
  const server = await startSubject('latchkey-server.ts', args)
  try {
    if (store === 'SQLite') report('nothing revoked', await cost(server.url))
    const times = await staleness(server.url)
    const [p50, p99, most] = [0.5, 0.99, 1].map((q) => quantile(times, q).toFixed(0))
    console.log(
      `${store}: revoked to refused, n = ${times.length}: p50 ${p50} ms, p99 ${p99} ms, max ${most} ms`,
    )
    if (store === 'SQLite') {
      const direct = await openState({ url: state })
      for (let index = 0; index < 1000; index += 1) {
        await direct.revokeToken(`jti-${index}`, 300)
        await direct.cutOff({ kind: 'user', sub: `sub-${index}` })
        await direct.cutOff({ kind: 'client', clientId: `client-${index}` })
      }
      await direct.close()
      report('1,000 of each kind revoked', await cost(server.url))
    }
  } finally {
    await server.stop()
    await redis?.stop()
    await folder[Symbol.asyncDispose]()
  }
}
