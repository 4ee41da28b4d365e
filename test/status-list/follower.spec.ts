import { deflateSync } from 'node:zlib'
import { expect } from 'chai'
import {
  createVerifier,
  followStatusLists,
  type StatusOptions,
} from '../../src/resource-server/index.ts'
import { goodClaims, makeKey, signCompact, startIssuer, type TestIssuer } from '../parts/issuer.ts'
import { fixtureApis, type Latchkey, startLatchkey } from '../parts/latchkey.ts'
import { until } from '../parts/until.ts'

const key = makeKey()
const audience = 'https://api.example'

describe('the SDK with status lists', () => {
  let issuer: TestIssuer
  /** What the issuer answers when it is asked for a list. */
  let answer: () => { status?: number; body?: string; location?: string }
  let asked: string[]

  before(async () => {
    issuer = await startIssuer([key])
  })

  beforeEach(() => {
    asked = []
    answer = () => ({ body: listToken() })
    issuer.instead = (request, response) => {
      asked.push(String(request.url))
      const { status = 200, body = '', location } = answer()
      response.writeHead(status, { ...(location !== undefined && { location }) })
      response.end(body)
    }
  })

  after(() => issuer.close())

  const uri = () => `${issuer.url}/status-lists/client/1`
  /** Entry 3 is invalid, of 16. */
  const bytes = Buffer.from([0b0000_1000, 0])
  const listToken = (claims: object = {}, header: object = {}, signer = key) => {
    const now = Math.floor(Date.now() / 1000)
    return signCompact(
      { alg: 'ES256', typ: 'statuslist+jwt', kid: key.kid, ...header },
      {
        iss: issuer.url,
        sub: uri(),
        iat: now,
        exp: now + 60,
        ttl: 600,
        status_list: { bits: 1, lst: deflateSync(bytes).toString('base64url') },
        ...claims,
      },
      signer,
    )
  }
  const tokenAt = (place: unknown) =>
    signCompact(
      { alg: 'ES256', typ: 'at+jwt', kid: key.kid },
      { ...goodClaims(issuer.url), ...(place !== undefined && { status: { status_list: place } }) },
      key,
    )
  const verifierWith = (options: Partial<StatusOptions> = {}) => {
    const jwks = { keys: [key.publicJwk] }
    const { isRevoked } = followStatusLists({ issuer: issuer.url, jwks, ...options })
    const verifier = createVerifier({ issuer: issuer.url, audience, jwks, isRevoked })
    return (place: unknown) =>
      verifier.verify(tokenAt(place)).then(
        () => 'good',
        (error) => error.code ?? error.name,
      )
  }

  it('takes a token whose status is VALID, and refuses every other', async () => {
    const verify = verifierWith()
    expect(await verify({ idx: 2, uri: uri() })).to.equal('good')
    expect(await verify({ idx: 3, uri: uri() })).to.equal('invalid_token')
    expect(await verify({ idx: 15, uri: uri() })).to.equal('good')
    for (const idx of [16, -1, 1.5, '2', null]) {
      expect(await verify({ idx, uri: uri() }), String(idx)).to.equal('invalid_token')
    }
    expect(await verify(undefined)).to.equal('invalid_token')
    expect(asked, 'kept for its ttl').to.deep.equal(['/status-lists/client/1'])
  })

  it('reads lists of more bits, where every status but VALID refuses', async () => {
    const lst = deflateSync(Buffer.from([0b11_10_01_00])).toString('base64url')
    answer = () => ({ body: listToken({ status_list: { bits: 2, lst } }) })
    const verify = verifierWith()
    const outcomes = await Promise.all([0, 1, 2, 3, 4].map((idx) => verify({ idx, uri: uri() })))
    expect(outcomes).to.deep.equal(['good', ...Array(4).fill('invalid_token')])
    expect(asked).to.have.lengthOf(1)
  })

  it('asks nobody but the issuer', async () => {
    const verify = verifierWith()
    const elsewhere = [
      'http://127.0.0.1:1/status-lists/client/1',
      `${issuer.url}.example/status-lists/client/1`,
      `${issuer.url.replace('//', '//user@')}/status-lists/client/1`,
      `${issuer.url}/status-lists/../revoke`,
      `${issuer.url}/status-lists/a b`,
      'file:///etc/passwd',
      '',
      7,
    ]
    for (const each of elsewhere) {
      expect(await verify({ idx: 2, uri: each }), String(each)).to.equal('invalid_token')
    }
    expect(asked).to.deep.equal([])
    answer = () => ({ status: 302, location: `${issuer.url}/status-lists/client/2` })
    expect(await verify({ idx: 2, uri: uri() })).to.equal('VerificationUnavailable')
    expect(asked).to.deep.equal(['/status-lists/client/1'])
  })

  it('believes no list that is not the issuer’s, and this one, and of now', async () => {
    const now = Math.floor(Date.now() / 1000)
    const bomb = deflateSync(Buffer.alloc(64 * 1024 * 1024)).toString('base64url')
    const bad: Record<string, () => { status?: number; body?: string }> = {
      'another list': () => ({ body: listToken({ sub: `${uri()}2` }) }),
      'another issuer': () => ({ body: listToken({ iss: 'https://other.example' }) }),
      'an access token': () => ({ body: listToken({}, { typ: 'at+jwt' }) }),
      'another key': () => ({ body: listToken({}, {}, makeKey('ES256', key.kid)) }),
      'no signature': () => ({ body: listToken({}, { alg: 'none' }) }),
      'its own key': () => ({ body: listToken({}, { jwk: key.publicJwk }) }),
      'out of date': () => ({ body: listToken({ exp: now - 60 }) }),
      'of the future': () => ({ body: listToken({ iat: now + 600 }) }),
      'no ttl': () => ({ body: listToken({ ttl: undefined }) }),
      'three bits': () => ({
        body: listToken({ status_list: { bits: 3, lst: 'eNrbuRgAAhcBXQ' } }),
      }),
      'not compressed': () => ({ body: listToken({ status_list: { bits: 1, lst: 'AAAA' } }) }),
      'a bomb': () => ({ body: listToken({ status_list: { bits: 1, lst: bomb } }) }),
      'too long': () => ({ body: `${listToken()}${'A'.repeat(2 ** 20)}` }),
      'no list': () => ({ status: 404 }),
      'an outage': () => ({ status: 503 }),
    }
    for (const [what, instead] of Object.entries(bad)) {
      answer = instead
      expect(await verifierWith()({ idx: 2, uri: uri() }), what).to.equal('VerificationUnavailable')
      const accepting = verifierWith({ onStale: 'accept' })
      expect(await accepting({ idx: 2, uri: uri() }), what).to.equal('good')
    }
  })

  it('asks again when the ttl is over, and once for all who wait', async () => {
    answer = () => ({ body: listToken({ ttl: 0.2 }) })
    const verify = verifierWith()
    const outcomes = await Promise.all(
      Array.from({ length: 20 }, () => verify({ idx: 2, uri: uri() })),
    )
    expect(new Set(outcomes)).to.deep.equal(new Set(['good']))
    expect(asked).to.have.lengthOf(1)
    bytes[0] = 0b0000_1100
    await until(
      () => verify({ idx: 2, uri: uri() }),
      (outcome) => outcome === 'invalid_token',
    )
    bytes[0] = 0b0000_1000
    expect(asked.length).to.be.at.least(2)
  })

  it('goes on with the last list for a while, and then refuses', async () => {
    answer = () => ({ body: listToken({ ttl: 0.1 }) })
    const [verify, accepting] = [
      verifierWith({ staleness: 1 }),
      verifierWith({ staleness: 1, onStale: 'accept' }),
    ]
    const [good, revoked] = [
      { idx: 2, uri: uri() },
      { idx: 3, uri: uri() },
    ]
    expect(await verify(good)).to.equal('good')
    expect(await accepting(good)).to.equal('good')
    answer = () => ({ status: 503 })
    await until(
      () => verify(good).then((outcome) => [outcome, asked.length] as const),
      ([outcome, requests]) => {
        if (requests < 3) expect(outcome).to.equal('good')
        return requests > 2
      },
    )
    await until(
      () => verify(good),
      (outcome) => outcome === 'VerificationUnavailable',
    )
    expect(await verify(revoked)).to.equal('VerificationUnavailable')
    expect(await accepting(good)).to.equal('good')
    expect(await accepting(revoked)).to.equal('invalid_token')
    answer = () => ({ body: listToken() })
    expect(
      await until(
        () => verify(good),
        (outcome) => outcome === 'good',
      ),
    ).to.equal('good')
  })

  it('makes no sense without algorithms that it knows, or time', () => {
    expect(() => followStatusLists({ issuer: issuer.url, staleness: 0 })).to.throw(TypeError)
    expect(() => followStatusLists({ issuer: issuer.url, algorithms: ['none'] })).to.throw(
      TypeError,
    )
  })

  describe('over a server', () => {
    let latchkey: Latchkey

    before(async () => {
      latchkey = await startLatchkey({
        apis: fixtureApis.map((api) => ({ ...api, statusList: api.format !== 'opaque' })),
      })
    })

    after(() => latchkey.stop())

    it('refuses what was revoked there', async () => {
      const { isRevoked } = followStatusLists({ issuer: latchkey.issuer, staleness: 1 })
      const verifier = createVerifier({ issuer: latchkey.issuer, audience, isRevoked })
      const [revoked, other] = [await latchkey.login(), await latchkey.login()]
      expect(await verifier.verify(revoked.access_token)).to.have.property('status')
      await latchkey.post('/revoke', { token: revoked.refresh_token, client_id: 'web' })
      const judge = () =>
        verifier.verify(revoked.access_token).then(
          () => 'good',
          (error) => error.code,
        )
      expect(await until(judge, (outcome) => outcome !== 'good')).to.equal('invalid_token')
      expect(await verifier.verify(other.access_token)).to.have.property('status')
    })
  })
})
