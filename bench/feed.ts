import { join } from 'node:path'
import { setTimeout as pause, setImmediate as turn } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import {
  type AccessTokenVerifier,
  createVerifier,
  followRevocations,
  type VerifierOptions,
} from '../src/resource-server/index.ts'
import { openState } from '../src/state/index.ts'
import type { NewFamily } from '../src/state/state.ts'
import { startRedis } from '../test/parts/redis.ts'
import { temporaryFolder } from '../test/parts/temporary-folder.ts'
import { least } from './contestants.ts'
import { issueTokens, type TokenIssuer } from './issue-tokens.ts'
import { startLatchkey } from './latchkey.ts'

/**
 * npm run bench:feed [-- --revocations 500]: over SQLite and Redis, the time from the 200 of a
 * revocation to the SDK in another process refusing the token; and what the feed adds to verifying
 * a token, in pairs of blocks that take turns, of tokens that come again and of tokens that do not.
 */
const { values } = parseArgs({ options: { revocations: { type: 'string', default: '500' } } })
const revocations = Number(values.revocations)
const audience = 'https://api.example'
/** Blocks so short that other work on the machine seldom falls into one. */
const [blocks, block] = [1000, 25] as const

const other = (index: number): NewFamily => ({
  id: `family-${index}`,
  clientId: 'other',
  sub: 'other',
  username: 'other',
  scope: '',
  audience,
  amr: [],
  authTime: 0,
  idle: 60,
  absolute: 60,
})

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

/** Microseconds a verification, without and with the feed. */
type Pair = readonly [without: number, withFeed: number]

/** Verifies the tokens in turn, in blocks that are timed in pairs, one with the feed and one without. */
async function cost(url: string, tokens: readonly string[], options: Partial<VerifierOptions>) {
  // The blocks leave the follower little time.
  const feed = followRevocations({ issuer: url, staleness: 60 })
  const rules = { issuer: url, audience, ...options }
  const plain = createVerifier(rules)
  const following = createVerifier({ ...rules, isRevoked: feed.isRevoked })
  let next = 0
  const run = async (verifier: AccessTokenVerifier, from: number) => {
    const start = performance.now()
    for (let at = from; at < from + block; at += 1) {
      await verifier.verify(tokens[at % tokens.length] ?? '')
    }
    const elapsed = performance.now() - start
    // Verifying alone never lets the follower have its turn.
    await turn()
    return (elapsed * 1000) / block
  }
  const pairs: Pair[] = []
  for (let index = 0; index < blocks; index += 1) {
    const first = index % 2 === 0 ? await run(plain, next) : undefined
    const second = await run(following, next)
    pairs.push([first ?? (await run(plain, next)), second])
    next += block
  }
  feed.close()
  return pairs.slice(100)
}

/** Of tokens that come again and again, and of tokens that were never seen, each of another user. */
async function costs(url: string, scene: string, issuer: TokenIssuer): Promise<void> {
  const { tokens, jwks } = issuer
  report(`${scene}, 500 tokens again and again`, await cost(url, tokens.slice(0, 500), { jwks }))
  report(`${scene}, each token for the first time`, await cost(url, tokens, { jwks }))
}

const report = (name: string, pairs: readonly Pair[]) => {
  const ratios = pairs.map(([without, withFeed]) => (withFeed / without - 1) * 100)
  const [low, middle, high] = [0.25, 0.5, 0.75].map((q) => quantile(ratios, q).toFixed(1))
  const [without, withFeed] = [0, 1].map((side) =>
    quantile(
      pairs.map((pair) => pair[side] ?? Number.NaN),
      0.5,
    ).toFixed(1),
  )
  console.log(
    `verify, ${name}: ${without} µs without the feed, ${withFeed} µs with it; ` +
      `${middle} % more (quartiles ${low} to ${high})`,
  )
}

for (const store of ['SQLite', 'Redis']) {
  const folder = await temporaryFolder()
  const redis = store === 'Redis' ? await startRedis() : undefined
  const state = redis?.url ?? `sqlite:${join(folder.path, 'state.sqlite')}`
  const server = await startLatchkey({ folder: folder.path, state, cost: least })
  try {
    const issuer = issueTokens(server.url, audience, 20_000)
    if (store === 'SQLite') await costs(server.url, 'nothing revoked', issuer)
    const times = await staleness(server.url)
    const [p50, p99, most] = [0.5, 0.99, 1].map((q) => quantile(times, q).toFixed(0))
    console.log(
      `${store}: revoked to refused, n = ${times.length}: p50 ${p50} ms, p99 ${p99} ms, max ${most} ms`,
    )
    if (store === 'SQLite') {
      const direct = await openState({ url: state })
      for (let index = 0; index < 1000; index += 1) {
        await direct.revokeToken(`jti-${index}`, 300)
        await direct.endFamily((await direct.openFamily(other(index))).id)
        await direct.cutOff({ kind: 'user', sub: `sub-${index}` })
        await direct.cutOff({ kind: 'client', clientId: `client-${index}` })
      }
      await direct.close()
      // The tokens are older than the cut-offs, so that each has to be looked up.
      await costs(server.url, '1,000 of each kind revoked', issuer)
    }
  } finally {
    await server.stop()
    await redis?.stop()
    await folder[Symbol.asyncDispose]()
  }
}
