import { createHmac, createPublicKey, type JsonWebKey, randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { deflateRawSync } from 'node:zlib'
import { expect } from 'chai'
import { readJwks } from '../parts/documents.ts'
import { dpopProof } from '../parts/dpop-proof.ts'
import { makeKey, signCompact, type TestKey } from '../parts/issuer.ts'
import {
  fixtureClients,
  type Latchkey,
  passwordGrant,
  secret,
  startLatchkey,
} from '../parts/latchkey.ts'
import { decodeJws, serverKey } from '../parts/server-key.ts'
import { atOnce, isActive, outcomeOf, processorTime } from './scene.ts'

const id = 'signer'
const own = makeKey()
const clients = [
  ...fixtureClients,
  {
    id,
    authentication: 'private_key_jwt',
    jwks: { keys: [own.publicJwk] },
    grants: ['client_credentials'],
    scopes: ['read'],
  },
]
const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')

describe('advisories: JOSE, wherever a client can hand one in', () => {
  let server: Latchkey
  let token: string
  let key: TestKey
  before(async () => {
    server = await startLatchkey({ clients })
    token = (await server.login({ scope: 'read' })).access_token
    key = serverKey(server)
  })
  after(() => server.stop())

  const claims = () => {
    const now = Math.floor(Date.now() / 1000)
    return { iss: id, sub: id, aud: server.issuer, jti: randomUUID(), iat: now, exp: now + 60 }
  }
  const sign = (more: object, by = own, header: object = {}) =>
    signCompact({ alg: by.alg, kid: own.kid, ...header }, { ...claims(), ...more }, by)
  const authenticate = (assertion: string, at = server) =>
    at.post('/token', {
      grant_type: 'client_credentials',
      client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
      client_assertion: assertion,
    })
  const profile = (presented: string) =>
    fetch(`${server.issuer}/users/me`, { headers: { Authorization: `Bearer ${presented}` } })

  /** As an access token, at introspection, as an assertion, and as a proof; and soon. */
  async function refusedEverywhere(forged: string, what: string) {
    const spent = await processorTime(async () => {
      expect((await profile(forged)).status, what).to.be.oneOf([400, 401])
      expect(await isActive(server, forged), what).to.equal(false)
      expect(outcomeOf(await authenticate(forged)), what).to.equal('401 invalid_client')
      const proven = await server.post('/token', passwordGrant, { headers: { DPoP: forged } })
      expect(outcomeOf(proven), what).to.equal('400 invalid_dpop_proof')
    })
    expect(spent, `${what}: ms of processor time`).to.be.below(500)
  }
  const encrypted = (header: object, ciphertext = 'AA') =>
    [part({ alg: 'dir', enc: 'A256GCM', ...header }), 'AA', 'AA', ciphertext, 'AA'].join('.')

  it('CVE-2022-36083 jose: p2c asked for as many rounds as the sender liked', async () => {
    for (const alg of ['PBES2-HS256+A128KW', 'PBES2-HS384+A192KW', 'PBES2-HS512+A256KW']) {
      await refusedEverywhere(encrypted({ alg, p2c: 2_147_483_647, p2s: 'AAAAAAAAAAA' }), alg)
    }
  })

  it('CVE-2024-28176 jose: a compressed JWE was inflated without end', async () => {
    const bomb = deflateRawSync(Buffer.alloc(8_000_000)).toString('base64url')
    await refusedEverywhere(encrypted({ zip: 'DEF' }, bomb), 'a bomb')
    const [, payload, signature] = token.split('.')
    const zipped = `${part({ ...decodeJws(token).header, zip: 'DEF' })}.${payload}.${signature}`
    await refusedEverywhere(zipped, 'zip in a JWS')
  })

  it('CVE-2022-23540 jsonwebtoken: alg none was taken where no algorithm was demanded', async () => {
    for (const alg of ['none', 'None', 'NONE', 'nOnE', undefined]) {
      const { header, claims: payload } = decodeJws(token)
      for (const typ of ['at+jwt', 'JWT', 'dpop+jwt']) {
        await refusedEverywhere(
          `${part({ ...header, alg, typ })}.${part(payload)}.`,
          `${alg} ${typ}`,
        )
      }
      await refusedEverywhere(`${part({ alg })}.${part(claims())}.`, `${alg}, an assertion`)
    }
  })

  it('CVE-2025-65945 node-jws: the MAC was keyed with what the sender could choose', async () => {
    const jwks = await readJwks(server.issuer)
    const published = jwks.keys.find(({ kid }) => kid === key.kid) as JsonWebKey
    const publicKeys = [published, own.publicJwk as JsonWebKey]
    for (const jwk of publicKeys) {
      const keyObject = createPublicKey({ key: jwk, format: 'jwk' })
      const secrets = [
        keyObject.export({ type: 'spki', format: 'pem' }),
        keyObject.export({ type: 'spki', format: 'der' }),
        Buffer.from(jwk.x ?? '', 'base64url'),
        '',
      ]
      for (const [index, material] of secrets.entries()) {
        for (const payload of [decodeJws(token).claims, claims()]) {
          const input = `${part({ alg: 'HS256', typ: 'at+jwt', kid: jwk.kid })}.${part(payload)}`
          const mac = createHmac('sha256', material).update(input).digest('base64url')
          await refusedEverywhere(`${input}.${mac}`, `material ${index}`)
        }
      }
    }
  })

  it('CVE-2018-0114 node-jose: the key in the header verified the token', async () => {
    const stranger = makeKey()
    for (const kid of [key.kid, own.kid, stranger.kid, undefined]) {
      const header = { jwk: stranger.publicJwk, kid, typ: 'at+jwt' }
      const forged = signCompact({ alg: 'ES256', ...header }, decodeJws(token).claims, stranger)
      await refusedEverywhere(forged, 'an access token')
      await refusedEverywhere(sign({}, stranger, { jwk: stranger.publicJwk, kid }), 'an assertion')
    }
  })

  it('CVE-2022-21449 Java: a signature of zeros was good for everything', async () => {
    const order = 'FFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551'
    const zeros = '0'.repeat(64)
    for (const [r, s] of [
      [zeros, zeros],
      [zeros, order],
      [order, zeros],
      [order, order],
    ]) {
      const signature = Buffer.from(`${r}${s}`, 'hex').toString('base64url')
      for (const jws of [token, sign({})]) {
        const [head, payload] = jws.split('.')
        await refusedEverywhere(`${head}.${payload}.${signature}`, `${r}${s}`)
      }
    }
  })

  it('CVE-2026-53431 Boruta: an assertion without exp was good for ever', async () => {
    expect(outcomeOf(await authenticate(sign({})))).to.equal('200')
    const now = Math.floor(Date.now() / 1000)
    for (const exp of [
      undefined,
      null,
      'never',
      0,
      -1,
      Number.MAX_SAFE_INTEGER,
      now + 86_400 * 365,
    ]) {
      expect(outcomeOf(await authenticate(sign({ exp }))), String(exp)).to.equal(
        '401 invalid_client',
      )
    }
  })

  it('GHSA-3p3g-vpw6-4w66 Hydra: an assertion could be used again', async () => {
    const other = await startLatchkey({
      issuer: server.issuer,
      clients,
      state: `sqlite:${join(server.folder, 'state.sqlite')}`,
      keys: join(server.folder, 'keys'),
    })
    try {
      const assertion = sign({})
      const answers = await atOnce(20, (index) =>
        authenticate(assertion, index % 2 === 0 ? server : other),
      )
      expect(answers.map(outcomeOf).toSorted()).to.deep.equal([
        '200',
        ...Array(19).fill('401 invalid_client'),
      ])
      expect(outcomeOf(await authenticate(assertion))).to.equal('401 invalid_client')
      const proof = dpopProof(makeKey(), 'POST', `${server.issuer}/token`)
      const proven = await atOnce(4, () =>
        server.post('/token', passwordGrant, { headers: { DPoP: proof } }),
      )
      expect(proven.filter(({ status }) => status === 200)).to.have.lengthOf(1)
    } finally {
      await other.stop()
    }
  })

  it('the tokens that were forged from are themselves good', async () => {
    expect((await profile(token)).status).to.equal(200)
    expect(await isActive(server, token)).to.equal(true)
    expect(
      outcomeOf(
        await server.post(
          '/token',
          { grant_type: 'client_credentials' },
          { basic: `app:${secret}` },
        ),
      ),
    ).to.equal('200')
  })
})
