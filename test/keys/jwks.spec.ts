import { join } from 'node:path'
import { expect } from 'chai'
import { calculateJwkThumbprint, decodeProtectedHeader } from 'jose'
import { algorithms } from '../../src/keys/algorithms.ts'
import { folderHome } from '../../src/keys/folder-home.ts'
import { promote, type Ring, stage } from '../../src/keys/ring.ts'
import { changeRing } from '../../src/keys/ring-home.ts'
import { createVault } from '../../src/keys/vault.ts'
import { type Latchkey, passwordGrant, startLatchkey } from '../parts/latchkey.ts'
import { until } from '../parts/until.ts'

type Jwk = Readonly<Record<string, unknown>>

const audience = (algorithm: string) => `https://${algorithm.toLowerCase()}.example`
const issuer = 'https://auth.example'

const membersOf: Readonly<Record<string, readonly string[]>> = {
  AKP: ['alg', 'kid', 'kty', 'pub', 'use'],
  EC: ['alg', 'crv', 'kid', 'kty', 'use', 'x', 'y'],
  OKP: ['alg', 'crv', 'kid', 'kty', 'use', 'x'],
  RSA: ['alg', 'e', 'kid', 'kty', 'n', 'use'],
}

const octets = (value: unknown) => Buffer.from(String(value), 'base64url')

describe('RFC 7517 the JWK Set', () => {
  let latchkey: Latchkey
  let response: Response
  let raw = ''
  let jwks: Jwk[] = []

  const get = (path: string, headers = {}) => fetch(latchkey.service.url + path, { headers })
  const published = async (): Promise<Jwk[]> =>
    (JSON.parse(await (await get('/.well-known/jwks.json')).text()) as { keys: Jwk[] }).keys

  before(async () => {
    latchkey = await startLatchkey({
      issuer,
      apis: algorithms.map((algorithm) => ({
        audience: audience(algorithm),
        scopes: ['read'],
        algorithm,
        profile: true,
      })),
      clients: [{ id: 'web', public: true, grants: ['password'] }],
    })
    response = await get('/.well-known/jwks.json')
    raw = await response.text()
    jwks = JSON.parse(raw).keys
  })
  after(() => latchkey.stop())

  it('section 5: is an object with keys, one of each algorithm in use [JWK-01]', () => {
    expect(response.status).to.equal(200)
    expect(Object.keys(JSON.parse(raw))).to.deep.equal(['keys'])
    expect(jwks.map(({ alg }) => alg)).to.have.members([...algorithms])
  })

  it('section 8.5.1: is served as JSON [JWK-09]', () => {
    expect(response.headers.get('content-type')).to.match(
      /^application\/(jwk-set\+)?json(; charset=utf-8)?$/,
    )
  })

  it('section 9.2: has the public members of its keys and no other [JWK-02]', () => {
    for (const jwk of jwks)
      expect(Object.keys(jwk), String(jwk.alg)).to.have.members([
        ...(membersOf[String(jwk.kty)] ?? []),
      ])
  })

  it('section 4: has no member of a key twice [JWK-13]', () => {
    for (const object of raw.match(/\{[^{}]*\}/g) ?? []) {
      const names = object.match(/"[^"]+"(?=:)/g) ?? []
      expect(new Set(names)).to.have.lengthOf(names.length)
    }
  })

  it('sections 4.2 and 4.3: says what keys are for by use, and not by key_ops [JWK-07 JWK-08]', () => {
    for (const jwk of jwks) {
      expect(jwk).to.include({ use: 'sig' })
      expect(jwk).not.to.have.property('key_ops')
    }
  })

  it('section 4.5 with RFC 7638: has distinct thumbprints as kids [JWK-06]', async () => {
    for (const jwk of jwks) expect(jwk.kid).to.equal(await calculateJwkThumbprint(jwk))
    expect(new Set(jwks.map(({ kid }) => kid))).to.have.lengthOf(algorithms.length)
  })

  it('RFC 7515 section 2: has its members in base64url without padding [JWK-03]', () => {
    for (const jwk of jwks)
      for (const name of ['n', 'e', 'x', 'y', 'pub'].filter((name) => name in jwk))
        expect(jwk[name], name).to.match(/^[A-Za-z0-9_-]+$/)
  })

  it('RFC 7518 section 6.2.1.2: has EC coordinates of full length [JWK-04]', () => {
    const sizes = jwks
      .filter(({ kty }) => kty === 'EC')
      .map(({ crv, x, y }) => [crv, octets(x).length, octets(y).length])
    expect(sizes).to.have.deep.members([
      ['P-256', 32, 32],
      ['P-384', 48, 48],
    ])
  })

  it('RFC 7518 sections 3.3 and 6.3.1.1: has RSA moduli of 2048 bits without a leading zero [JWK-04 JWK-05]', () => {
    const moduli = jwks.filter(({ kty }) => kty === 'RSA').map(({ n }) => octets(n))
    expect(moduli.map(({ length }) => length)).to.deep.equal([256, 256])
    for (const [first] of moduli) expect(first).to.be.at.least(0x80)
  })

  it('RFC 8414 section 2: is where the metadata says, by https [JWK-10]', async () => {
    const metadata = await (await get('/.well-known/oauth-authorization-server')).json()
    expect(metadata).to.include({ jwks_uri: `${issuer}/.well-known/jwks.json` })
  })

  it('RFC 9111: may be cached for less time than a key is published before it signs, and revalidated [JWK-12]', async () => {
    const [, maxAge] = /max-age=(\d+)/.exec(response.headers.get('cache-control') ?? '') ?? []
    expect(Number(maxAge)).to.be.within(1, 3600)
    const etag = response.headers.get('etag') ?? ''
    // fetch adds no-cache to a conditional request, unless Cache-Control is there.
    const conditional = { 'If-None-Match': etag, 'Cache-Control': 'max-age=0' }
    const again = await get('/.well-known/jwks.json', conditional)
    expect(again.status).to.equal(304)
  })

  it('has a new key before it signs, and the old one while its tokens live [JWK-11]', async () => {
    const form = { ...passwordGrant, resource: audience('ES256') }
    const token = async () => {
      const { access_token } = (await latchkey.post('/token', form)).json
      return { access_token, kid: decodeProtectedHeader(access_token).kid }
    }
    const home = folderHome(join(latchkey.folder, 'keys'))
    const change = (work: (ring: Ring) => Ring) =>
      changeRing(home, (ring) => {
        if (!ring) throw new Error('there is no ring')
        return work(ring)
      })

    const old = await token()
    const next = await createVault().create('ES256')
    await change((ring) => stage(ring, [next], Date.now()))
    await until(published, (keys) => keys.length === algorithms.length + 1)
    expect((await token()).kid).to.equal(old.kid)
    await change((ring) => promote(ring, next.publicJwk.kid, Date.now(), 3900))
    const fresh = await until(token, ({ kid }) => kid !== old.kid)

    const kids = (await published()).map(({ kid }) => kid)
    expect(kids).to.include.members([old.kid, fresh.kid])
    for (const { access_token } of [old, fresh]) {
      const { status } = await get('/users/me', { Authorization: `Bearer ${access_token}` })
      expect(status).to.equal(200)
    }
  })
})
