import { createSecretKey, randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { expect } from 'chai'
import { publicDocuments } from '../../src/http/documents.ts'
import { type Algorithm, algorithms } from '../../src/keys/algorithms.ts'
import type { SigningKey } from '../../src/keys/key-set.ts'
import { createVault } from '../../src/keys/vault.ts'
import { type Latchkey, startLatchkey } from '../parts/latchkey.ts'
import { exchange } from '../parts/raw-socket.ts'
import { startRedis } from '../parts/redis.ts'
import { temporaryFolder } from '../parts/temporary-folder.ts'

const jwks = '/.well-known/jwks.json'
const documents = [
  jwks,
  '/.well-known/oauth-authorization-server',
  '/.well-known/openid-configuration',
]

describe('RFC 9111: the public documents, for caches', () => {
  let server: Latchkey
  before(async () => {
    server = await startLatchkey({
      issuer: 'https://auth.example/here',
      metrics: { host: '127.0.0.1', port: 0 },
      proxy: { trusted: ['127.0.0.1/32'] },
    })
  })
  after(() => server.stop())

  const send = (method: string, path: string, fields: readonly string[] = []) =>
    exchange(
      server.service.url,
      [`${method} ${path} HTTP/1.1`, 'Host: a', ...fields, 'Connection: close', '', ''].join(
        '\r\n',
      ),
    )
  const fieldsOf = (headers: ReadonlyMap<string, readonly string[]>) =>
    Object.fromEntries(
      [...headers].filter(([name]) => !['date', 'x-request-id'].includes(name)).sort(),
    )
  const etagOf = async (path: string) => (await send('GET', path)).headers.get('etag')?.[0] ?? ''

  it('section 5.2.2: say how long they may be kept, and for how long a failure may be bridged', async () => {
    for (const path of documents) {
      const { headers } = await send('GET', `/here${path}`)
      expect(headers.get('cache-control')).to.deep.equal([
        'public, max-age=300, stale-while-revalidate=60, stale-if-error=3600',
      ])
    }
  })

  it('RFC 8414 section 3.1: are at every place of an issuer with a path, and nowhere else', async () => {
    const [first] = documents.slice(1)
    for (const path of [`/here${jwks}`, `/here${first}`, `${first}/here`])
      expect((await send('GET', path)).status, path).to.equal(200)
    for (const path of [jwks, first ?? '', `${jwks}/here`, `/there${jwks}`])
      expect((await send('GET', path)).status, path).to.equal(404)
  })

  // The usual requests are answered ahead of all others (http/front.ts): a query makes one unusual.
  const requests: Readonly<Record<string, (etag: string) => readonly [string, ...string[]]>> = {
    'a GET': () => ['GET'],
    'a HEAD': () => ['HEAD'],
    'a GET of what is known': (etag) => ['GET', `If-None-Match: ${etag}`],
    'a HEAD of what is known': (etag) => ['HEAD', `If-None-Match: ${etag}`],
    'a GET of another one': () => ['GET', 'If-None-Match: "another"'],
    'a weak tag': (etag) => ['GET', `If-None-Match: W/${etag}`],
    'a list of tags': (etag) => ['GET', `If-None-Match: "another", ${etag}`],
    'any tag': () => ['GET', 'If-None-Match: *'],
    'no-cache': (etag) => ['GET', `If-None-Match: ${etag}`, 'Cache-Control: no-cache'],
    'a page of another origin': () => ['GET', 'Origin: https://any.example'],
    'a preflight': () => ['OPTIONS', 'Access-Control-Request-Method: GET'],
    'a POST': () => ['POST', 'Content-Length: 0'],
    'a body': () => ['GET', 'Content-Length: 0'],
    'an invalid Host': () => ['GET', 'Host: b'],
    'too many fields': () => ['GET', ...Array.from({ length: 120 }, (_, n) => `X-${n}: 1`)],
  }
  for (const [what, asked] of Object.entries(requests)) {
    it(`answers ${what} the same, whichever way it goes`, async () => {
      for (const path of documents) {
        const [method, ...fields] = asked(await etagOf(`/here${path}`))
        const usual = await send(method, `/here${path}`, fields)
        const other = await send(method, `/here${path}?`, fields)
        expect(usual.status).to.equal(other.status)
        expect(usual.body).to.equal(other.body)
        expect(fieldsOf(usual.headers)).to.deep.equal(fieldsOf(other.headers))
      }
    })
  }

  it('are in the log and the metrics like every other answer', async () => {
    const before = server.log.length
    for (const path of [`/here${jwks}`, `/here${jwks}?`]) {
      const { headers } = await send('GET', path, ['X-Forwarded-For: 203.0.113.9, 127.0.0.1'])
      const line = server.log
        .slice(before)
        .find(({ id }) => id === headers.get('x-request-id')?.[0])
      expect(line).to.include({ log: 'request', method: 'GET', path: jwks, status: 200 })
      expect(line).to.include({ address: '203.0.113.9', msg: 'request' })
      expect(line?.ms).to.be.a('number')
    }
    const metrics = await (await fetch(`${server.service.metricsUrl}/metrics`)).text()
    expect(metrics).to.contain(`latchkey_request_seconds_count{path="${jwks}",status="200"}`)
  })
})

/** The set of a replica that has these keys. */
const setOf = (keys: readonly SigningKey[], publishAhead = 86_400) =>
  publicDocuments({
    issuer: 'https://auth.example',
    apis: [],
    clients: [],
    certificates: undefined,
    keys: { keys, refreshTokenKey: createSecretKey(randomBytes(32)) },
    publishAhead,
  }).get(jwks)

describe('RFC 9111: the JWK Set of replicas', () => {
  it('is the same in whatever order they found their keys, and the members of these', async () => {
    const vault = createVault()
    const made = await Promise.all(
      ['ES256', 'ES256', 'EdDSA', 'ES384'].map(async (algorithm) => {
        const { material, publicJwk } = await vault.create(algorithm as Algorithm)
        const key = await vault.open(material, publicJwk)
        return { ...key, state: 'current' as const, signToken: key.sign }
      }),
    )
    const backwards = made.toReversed().map((key) => ({
      ...key,
      publicJwk: Object.fromEntries(
        Object.entries(key.publicJwk).reverse(),
      ) as typeof key.publicJwk,
    }))
    const [one, other] = [setOf(made), setOf(backwards)]
    expect(one?.body).to.have.length.above(700)
    expect(one).to.deep.equal(other)
  })

  for (const [publishAhead, maxAge] of [
    [86_400, 300],
    [1200, 300],
    [600, 150],
    [2, 1],
    [0, 1],
  ] as const)
    it(`may be kept for ${maxAge} seconds where keys are published ${publishAhead} ahead`, () => {
      expect(setOf([], publishAhead)?.cacheControl).to.contain(`max-age=${maxAge},`)
    })

  it('is the same, byte for byte and tag for tag, and outlives the store', async () => {
    await using folder = await temporaryFolder()
    const redis = await startRedis()
    const apis = algorithms.map((algorithm) => ({
      audience: `https://${algorithm.toLowerCase()}.example`,
      scopes: ['read'],
      algorithm,
    }))
    const shared = {
      issuer: 'https://auth.example',
      keys: join(folder.path, 'keys'),
      state: redis.url,
    }
    const one = await startLatchkey({ ...shared, apis })
    const other = await startLatchkey({ ...shared, apis: apis.toReversed() })
    const read = async ({ service }: Latchkey) => {
      const response = await fetch(service.url + jwks)
      return [response.status, response.headers.get('etag'), await response.text()]
    }
    try {
      const answer = await read(one)
      expect(answer[0]).to.equal(200)
      expect(await read(other)).to.deep.equal(answer)
      await redis.kill()
      expect(await read(one)).to.deep.equal(answer)
    } finally {
      await one.stop()
      await other.stop()
      await redis.stop()
    }
  })
})
