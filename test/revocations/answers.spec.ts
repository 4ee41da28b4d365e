import type { ServerResponse } from 'node:http'
import { expect } from 'chai'
import {
  type AccessTokenClaims,
  followRevocations,
  VerificationUnavailable,
} from '../../src/resource-server/index.ts'
import { goodClaims, makeKey, signCompact, startIssuer, type TestIssuer } from '../parts/issuer.ts'
import { tidied } from '../parts/tidy.ts'
import { until } from '../parts/until.ts'

const key = makeKey()
const header = { alg: 'ES256', typ: 'revocations+jwt', kid: key.kid }

describe('an answer of the revocation feed', () => {
  const kept = tidied()
  let issuer: TestIssuer

  beforeEach(async () => {
    issuer = kept(await startIssuer([key]))
  })

  const now = () => Math.floor(Date.now() / 1000)
  const good = (changes: object = {}) => ({
    iss: issuer.url,
    iat: now(),
    exp: now() + 30,
    after: '',
    position: 'log.1',
    complete: true,
    retention: 360,
    entries: [['token', 'revoked-jti', Date.now()]],
    ...changes,
  })
  /** Answers the feed with what `body` makes of the request; keys as ever. */
  const serve = (body: (query: URLSearchParams, response: ServerResponse) => string) => {
    issuer.instead = (request, response) => {
      const url = new URL(request.url ?? '', issuer.url)
      if (url.pathname !== '/revocations') {
        response.end(JSON.stringify({ keys: issuer.keys }))
        return
      }
      const text = body(url.searchParams, response)
      if (!response.writableEnded) response.end(text)
    }
  }
  const follow = (options: object = {}) =>
    kept(followRevocations({ issuer: issuer.url, jwks: issuer.jwksUrl, ...options }))
  const claims = (changes: object = {}) =>
    ({ ...goodClaims(issuer.url), ...changes }) as AccessTokenClaims
  const outcome = async (feed: ReturnType<typeof follow>, token: AccessTokenClaims) => {
    try {
      return await feed.isRevoked(token)
    } catch (error) {
      expect(error).to.be.instanceOf(VerificationUnavailable)
      return 'unavailable'
    }
  }

  it('is taken when it is as it should be', async () => {
    serve(() => signCompact(header, good(), key))
    const feed = follow()
    expect(await outcome(feed, claims({ jti: 'revoked-jti' }))).to.equal(true)
    expect(await outcome(feed, claims())).to.equal(false)
    expect(feed.status()).to.include({ entries: 1, position: 'log.1', failure: undefined })
  })

  const stranger = makeKey('ES256', key.kid)
  const attacks: Readonly<Record<string, () => string>> = {
    'signed by another key': () => signCompact(header, good(), stranger),
    'signed by a key it brings along': () =>
      signCompact({ ...header, jwk: stranger.publicJwk }, good(), stranger),
    'that names a key beside the right one': () =>
      signCompact({ ...header, jku: 'https://evil.example' }, good(), key),
    'with alg none': () =>
      `${signCompact({ ...header, alg: 'none' }, good(), key)
        .split('.', 2)
        .join('.')}.`,
    'of another type': () => signCompact({ ...header, typ: 'at+jwt' }, good(), key),
    'without a type': () => signCompact({ alg: 'ES256', kid: key.kid }, good(), key),
    'of another issuer': () => signCompact(header, good({ iss: 'https://evil.example' }), key),
    'held back for a minute': () =>
      signCompact(header, good({ iat: now() - 60, exp: now() - 30 }), key),
    'from the future': () => signCompact(header, good({ iat: now() + 60, exp: now() + 90 }), key),
    'without an end': () => signCompact(header, good({ exp: undefined }), key),
    'that goes on from elsewhere': () => signCompact(header, good({ after: 'log.9' }), key),
    'with a kind of revocation that is not known': () =>
      signCompact(header, good({ entries: [['device', 'x', 1]] }), key),
    'with a broken entry': () => signCompact(header, good({ entries: [['token', 7, 1]] }), key),
    'without entries': () => signCompact(header, good({ entries: undefined }), key),
    'larger than four megabytes': () => 'x'.repeat(4 * 1024 * 1024 + 1),
    'that is nothing': () => '',
  }
  for (const [name, attack] of Object.entries(attacks)) {
    it(`is not taken: one ${name}`, async () => {
      serve(attack)
      const feed = follow()
      expect(await outcome(feed, claims())).to.equal('unavailable')
      expect(feed.status()).to.include({ entries: 0, stale: true, age: Number.POSITIVE_INFINITY })
      expect(feed.status().failure).to.be.a('string')
    })
  }

  it('is not looked for where a redirection points', async () => {
    serve((_, response) => {
      response.writeHead(302, { location: `${issuer.url}/elsewhere` }).end()
      return ''
    })
    expect(await outcome(follow(), claims())).to.equal('unavailable')
    expect(issuer.requests).to.not.include('/elsewhere')
  })

  it('that has not everything yet makes nothing fresh', async () => {
    serve((query) => {
      const after = query.get('after') ?? ''
      const page = Number(after.slice(4) || 0) + 1
      return signCompact(
        header,
        good({
          after,
          position: `log.${page}`,
          complete: page > 2,
          entries: [['token', `jti-${page}`, Date.now()]],
        }),
        key,
      )
    })
    const feed = follow({ onStale: 'accept' })
    await until(
      () => feed.status(),
      ({ stale }) => !stale,
    )
    for (const jti of ['jti-1', 'jti-2', 'jti-3'])
      expect(await outcome(feed, claims({ jti })), jti).to.equal(true)
  })

  it('that starts over takes nothing back', async () => {
    let answers = 0
    serve((query) => {
      answers += 1
      const entries = answers === 1 ? good().entries : []
      const position = `${answers === 1 ? 'log' : 'other'}.1`
      const after = query.get('after') === position ? position : ''
      return signCompact(header, good({ after, position, entries }), key)
    })
    const feed = follow()
    await until(
      () => feed.status(),
      ({ position }) => position === 'other.1',
    )
    expect(await outcome(feed, claims({ jti: 'revoked-jti' }))).to.equal(true)
  })

  it('is forgotten when no token that it concerns can be alive', async () => {
    const old = Date.now() - 10_000
    let answers = 0
    serve((query) => {
      answers += 1
      const after = query.get('after') ?? ''
      const entries = answers === 1 ? [1, 2, 3].map((n) => ['token', `jti-${n}`, old]) : []
      return signCompact(
        header,
        good({ after, entries, retention: answers === 1 ? 60 : 5, position: `log.${answers}` }),
        key,
      )
    })
    const feed = follow()
    expect(await outcome(feed, claims({ jti: 'jti-2' }))).to.equal(true)
    const forgotten = await until(
      () => feed.status(),
      ({ entries }) => entries === 0,
    )
    expect(forgotten.failure).to.equal(undefined)
    expect(await outcome(feed, claims({ jti: 'jti-2' }))).to.equal(false)
  })

  it('beyond what is to be remembered makes nothing fresh', async () => {
    const entries = [1, 2, 3].map((n) => ['token', `jti-${n}`, Date.now()])
    serve(() => signCompact(header, good({ entries }), key))
    const feed = follow({ capacity: 2 })
    expect(await outcome(feed, claims())).to.equal('unavailable')
    expect(feed.status().failure).to.match(/too many/)
  })

  it('that comes at once is not asked for at once again', async () => {
    const asked: number[] = []
    serve((query) => {
      asked.push(performance.now())
      const after = query.get('after') ?? ''
      return signCompact(header, good({ after, entries: [] }), key)
    })
    follow()
    await until(
      () => asked.length,
      (count) => count >= 4,
    )
    const [, second = 0, third = 0, fourth = 0] = asked
    expect(Math.min(third - second, fourth - third)).to.be.above(900)
  })

  it('is asked for less and less often while there is none', async () => {
    const asked: number[] = []
    serve((_, response) => {
      asked.push(performance.now())
      response.writeHead(503).end()
      return ''
    })
    const feed = follow()
    expect(await outcome(feed, claims())).to.equal('unavailable')
    await until(
      () => asked.length,
      (count) => count >= 4,
    )
    expect(feed.status().failure).to.equal('status 503')
    expect((asked[3] ?? 0) - (asked[0] ?? 0)).to.be.above(100 + 200 + 400)
  })

  it('has options that make sense', () => {
    const options = { issuer: issuer.url, jwks: issuer.jwksUrl }
    expect(() => followRevocations({ ...options, staleness: 2 })).to.throw(TypeError)
    expect(() => followRevocations({ ...options, algorithms: ['HS256'] })).to.throw(TypeError)
    expect(() => followRevocations({ ...options, issuer: 'no url' })).to.throw(TypeError)
  })
})
