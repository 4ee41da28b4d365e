import { createPublicKey, generateKeyPairSync } from 'node:crypto'
import { expect } from 'chai'
import { jsonFetcher } from '../../src/resource-server/fetch-json.ts'
import {
  type AccessTokenVerifier,
  createVerifier,
  type JwksTiming,
} from '../../src/resource-server/index.ts'
import {
  goodClaims,
  makeKey,
  signCompact,
  startIssuer,
  type TestIssuer,
  type TestKey,
} from '../parts/issuer.ts'
import { freePort } from '../parts/port.ts'
import { protectedApis } from '../parts/protected-apis.ts'
import { rawGet } from '../parts/raw-request.ts'
import { until } from '../parts/until.ts'

const first = makeKey()
const second = makeKey('EdDSA')

describe('the keys of the issuer', () => {
  let issuer: TestIssuer

  beforeEach(async () => {
    issuer = await startIssuer([first], '/tenant')
  })

  /** Milliseconds by which the wall's clock, which jose goes by, is ahead. */
  let passed = 0
  const { now } = Date
  before(() => {
    Date.now = () => now() + passed
  })
  after(() => {
    Date.now = now
  })

  afterEach(() => {
    passed = 0
    return issuer.close()
  })

  const token = (key: TestKey, header: object = {}) =>
    signCompact(
      { alg: key.alg, typ: 'at+jwt', kid: key.kid, ...header },
      goodClaims(issuer.url),
      key,
    )

  const remote = (jwksTiming: JwksTiming) =>
    createVerifier({
      issuer: issuer.url,
      audience: 'https://api.example',
      jwks: issuer.jwksUrl.href,
      jwksTiming,
    })

  const discovering = () => createVerifier({ issuer: issuer.url, audience: 'https://api.example' })

  /** The subject, or how the verifier fails. */
  const outcome = (verifier: AccessTokenVerifier, jws: string): Promise<string> =>
    verifier.verify(jws).then(
      ({ sub }) => sub,
      (error) => error.code ?? error.name,
    )

  it('are found through RFC 8414 metadata, once for many requests at the same time', async () => {
    const verifier = discovering()
    const outcomes = await Promise.all(
      Array.from({ length: 20 }, () => outcome(verifier, token(first))),
    )
    expect(new Set(outcomes)).to.deep.equal(new Set(['johndoe']))
    expect(issuer.requests).to.deep.equal([
      '/.well-known/oauth-authorization-server/tenant',
      '/tenant/jwks',
    ])
  })

  it('RFC 8414 section 3.3: are not taken from the metadata of another issuer', async () => {
    issuer.metadata.issuer = `${issuer.url}/`
    expect(await outcome(discovering(), token(first))).to.equal('VerificationUnavailable')
  })

  it('are not taken from a jwks_uri that is no http URL', async () => {
    const inline = `data:application/json,${encodeURIComponent(JSON.stringify({ keys: issuer.keys }))}`
    for (const uri of ['file:///etc/passwd', inline, 'jwks', null, 1]) {
      issuer.metadata.jwks_uri = uri
      const verifier = discovering()
      expect(await outcome(verifier, token(first)), String(uri)).to.equal('VerificationUnavailable')
    }
  })

  it('are fetched again when a token has a new one: rotation', async () => {
    const verifier = remote({ cooldown: 0 })
    expect(await outcome(verifier, token(first))).to.equal('johndoe')
    issuer.keys = [first.publicJwk, second.publicJwk]
    expect(await outcome(verifier, token(second))).to.equal('johndoe')
    expect(await outcome(verifier, token(first))).to.equal('johndoe')
    expect(issuer.requests).to.have.lengthOf(2)
  })

  it('are forgotten when they are withdrawn, and so are the signatures seen with them', async () => {
    const verifier = remote({ maxAge: 0 })
    expect(await outcome(verifier, token(first))).to.equal('johndoe')
    const again = token(first)
    expect(await outcome(verifier, again)).to.equal('johndoe')
    issuer.keys = [second.publicJwk]
    expect(await outcome(verifier, again)).to.equal('invalid_token')
    // Even where the name of a key is given to another one.
    issuer.keys = [makeKey('ES256', first.kid).publicJwk]
    expect(await outcome(verifier, again)).to.equal('invalid_token')
  })

  it('are not fetched for every unknown kid', async () => {
    const verifier = remote({})
    expect(await outcome(verifier, token(first))).to.equal('johndoe')
    for (let n = 0; n < 20; n++) {
      expect(await outcome(verifier, token(makeKey()))).to.equal('invalid_token')
    }
    expect(issuer.requests).to.have.lengthOf(1)
  })

  it('go on serving while they cannot be fetched, but say nothing about unknown ones', async () => {
    for (const outage of [503, 200]) {
      const verifier = remote({ maxAge: 0 })
      issuer.instead = undefined
      expect(await outcome(verifier, token(first)), String(outage)).to.equal('johndoe')
      issuer.instead = (_, response) => response.writeHead(outage).end('{}')
      expect(await outcome(verifier, token(first)), String(outage)).to.equal('johndoe')
      expect(await outcome(verifier, token(second))).to.equal('VerificationUnavailable')
    }
  })

  it('are fetched again soon after that failed, however long they were to be kept', async () => {
    const verifier = remote({})
    expect(await outcome(verifier, token(first))).to.equal('johndoe')
    issuer.instead = (_, response) => response.writeHead(503).end()
    passed = 301_000
    expect(await outcome(verifier, token(first))).to.equal('johndoe')
    expect(issuer.requests).to.have.lengthOf(2)
    issuer.instead = undefined
    issuer.keys = [second.publicJwk]
    await until(
      () => outcome(verifier, token(first)),
      (said) => said === 'invalid_token',
    )
    expect(await outcome(verifier, token(second))).to.equal('johndoe')
    expect(issuer.requests).to.have.lengthOf(3)
  })

  it('serve no longer than allowed while they cannot be fetched', async () => {
    const verifier = remote({ maxAge: 0, maxStale: 0 })
    expect(await outcome(verifier, token(first))).to.equal('johndoe')
    issuer.instead = (_, response) => response.writeHead(503).end()
    expect(await outcome(verifier, token(first))).to.equal('VerificationUnavailable')
  })

  it('make a 503 with Retry-After, and no challenge, when they were never to be had', async () => {
    const verifier = createVerifier({
      issuer: issuer.url,
      audience: 'https://api.example',
      jwks: `http://127.0.0.1:${await freePort()}/jwks`,
    })
    for (const [name, startApi] of Object.entries(protectedApis)) {
      const api = await startApi(verifier)
      const answer = await rawGet(`${api.url}/users/me`, [
        'authorization',
        `Bearer ${token(first)}`,
      ])
      await api.close()
      expect(answer.status, name).to.equal(503)
      expect(answer.retryAfter, name).to.equal('5')
      expect(answer.challenge, name).to.equal(undefined)
    }
  })

  it('are asked for once in a while when the server is down, however many tokens come', async () => {
    issuer.instead = (_, response) => response.writeHead(500).end()
    const verifier = discovering()
    for (let n = 0; n < 10; n++) await outcome(verifier, token(first))
    expect(issuer.requests).to.have.lengthOf(1)
  })

  it('are not fetched over a redirect', async () => {
    issuer.instead = ({ url }, response) => {
      if (url === '/elsewhere') response.end(JSON.stringify({ keys: [first.publicJwk] }))
      else response.writeHead(302, { location: '/elsewhere' }).end()
    }
    expect(await outcome(remote({}), token(first))).to.equal('VerificationUnavailable')
    expect(issuer.requests).to.deep.equal(['/tenant/jwks'])
  })

  it('are not read without bound of size or time', async () => {
    const large = JSON.stringify({ keys: issuer.keys, more: 'x'.repeat(600_000) })
    issuer.instead = (_, response) => response.end(large)
    expect(await outcome(remote({}), token(first))).to.equal('VerificationUnavailable')
    issuer.instead = (_, response) => void response.write('{')
    const endless = jsonFetcher(issuer.jwksUrl, { timeout: 50, size: 1000, pause: 0 })
    const failure = await endless().catch((error) => error)
    expect(failure.cause).to.have.property('name', 'TimeoutError')
  })

  it('RFC 7517: make no choice among two keys with one kid', async () => {
    const twin = makeKey('ES256', first.kid)
    issuer.keys = [first.publicJwk, twin.publicJwk]
    expect(await outcome(remote({}), token(first))).to.equal('invalid_token')
  })

  it('RFC 7517 sections 4.2 to 4.4: are used for what they are made for', async () => {
    const { use: _, ...bare } = first.publicJwk
    const misfits = [
      { use: 'enc' },
      { use: 'sig', key_ops: ['encrypt'] },
      { alg: 'ES384' },
      { alg: 'ECDH-ES' },
      { crv: 'P-384' },
      { kty: 'RSA' },
    ]
    for (const misfit of misfits) {
      issuer.keys = [{ ...bare, ...misfit }]
      expect(await outcome(remote({}), token(first)), JSON.stringify(misfit)).to.equal(
        'invalid_token',
      )
    }
    issuer.keys = [{ ...bare, key_ops: ['verify'] }]
    expect(await outcome(remote({}), token(first))).to.equal('johndoe')
  })

  it('are refused when they are private', async () => {
    const jwk = first.privateKey.export({ format: 'jwk' })
    issuer.keys = [{ ...first.publicJwk, d: String(jwk.d) }]
    expect(await outcome(remote({}), token(first))).to.equal('VerificationUnavailable')
  })

  it('RFC 7518 section 3.3: are refused when they are too weak', async () => {
    for (const options of [
      { modulusLength: 1024 },
      { modulusLength: 2048, publicExponent: 3 },
      { modulusLength: 2048, publicExponent: 17 },
    ]) {
      const { publicKey, privateKey } = generateKeyPairSync('rsa', options)
      const publicJwk = { ...publicKey.export({ format: 'jwk' }), kid: 'weak', kty: 'RSA' }
      const weak = { kid: 'weak', alg: 'RS256', privateKey, publicJwk }
      issuer.keys = [publicJwk]
      expect(await outcome(remote({}), token(weak)), JSON.stringify(options)).to.equal(
        'invalid_token',
      )
    }
  })

  it('may come from a function, with the same checks', async () => {
    const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 1024 })
    const weak = { kid: 'weak', alg: 'RS256', privateKey, publicJwk: { kty: 'RSA' } }
    const ask = (jws: string, key: typeof publicKey | undefined) =>
      outcome(
        createVerifier({
          issuer: issuer.url,
          audience: 'https://api.example',
          jwks: () => key,
        }),
        jws,
      )
    expect(await ask(token(weak), publicKey)).to.equal('invalid_token')
    expect(await ask(token(first), undefined)).to.equal('invalid_token')
    expect(await ask(token(first), first.privateKey)).to.equal('invalid_token')
    expect(await ask(token(first), publicKey)).to.equal('invalid_token')
    const ed25519 = createPublicKey(second.privateKey)
    expect(await ask(token(first), ed25519)).to.equal('invalid_token')
    expect(await ask(token({ ...first, alg: 'RS256' }), ed25519)).to.equal('invalid_token')
    expect(await ask(token({ ...second, alg: 'EdDSA' }), ed25519)).to.equal('johndoe')
    const pss = generateKeyPairSync('rsa-pss', { modulusLength: 2048 })
    const restricted = { ...weak, alg: 'PS256', privateKey: pss.privateKey }
    expect(await ask(token(restricted), pss.publicKey)).to.equal('invalid_token')
    const p384 = generateKeyPairSync('ec', { namedCurve: 'P-384' })
    const otherCurve = { ...first, privateKey: p384.privateKey }
    expect(await ask(token(otherCurve), p384.publicKey)).to.equal('invalid_token')
    expect(await ask(token(first), createPublicKey(first.privateKey))).to.equal('johndoe')
  })

  it('work with every algorithm that Latchkey signs with', async () => {
    for (const alg of ['ES256', 'RS256', 'PS256', 'EdDSA']) {
      const key = makeKey(alg)
      issuer.keys = [key.publicJwk]
      expect(await outcome(remote({}), token(key)), alg).to.equal('johndoe')
    }
  })

  it('work with no algorithm outside the list', async () => {
    const verifier = createVerifier({
      issuer: issuer.url,
      audience: 'https://api.example',
      jwks: { keys: [first.publicJwk] },
      algorithms: ['EdDSA'],
    })
    expect(await outcome(verifier, token(first))).to.equal('invalid_token')
  })

  it('are for a verifier whose options make sense', () => {
    const options = { issuer: issuer.url, audience: 'https://api.example' }
    for (const algorithms of [[], ['none'], ['HS256'], ['ES256', 'es256'], ['toString']]) {
      expect(() => createVerifier({ ...options, algorithms }), String(algorithms)).to.throw(
        TypeError,
      )
    }
    expect(() => createVerifier({ ...options, audience: [] })).to.throw(TypeError)
    expect(() => createVerifier({ ...options, dpop: { origin: 'api' } })).to.throw(TypeError)
  })
})
