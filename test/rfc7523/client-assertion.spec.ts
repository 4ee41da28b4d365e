import { createHmac, randomUUID } from 'node:crypto'
import { createServer } from 'node:http'
import { expect } from 'chai'
import { Config } from '../../src/config/schema.ts'
import { makeKey, signCompact, type TestKey } from '../parts/issuer.ts'
import { fixtureClients, type Latchkey, secret, startLatchkey } from '../parts/latchkey.ts'
import { listen } from '../parts/listen.ts'
import { type RedisServer, startRedis } from '../parts/redis.ts'

const assertionType = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'
const algorithms = ['ES256', 'RS256', 'PS256', 'EdDSA']
const keys = Object.fromEntries(algorithms.map((alg) => [alg, makeKey(alg)]))
const keyOf = (alg = 'ES256'): TestKey => keys[alg] ?? makeKey(alg)

const signers = algorithms.map((alg) => ({
  id: `signer-${alg}`,
  authentication: 'private_key_jwt',
  jwks: { keys: [keyOf(alg).publicJwk] },
  grants: ['client_credentials', 'password', 'refresh_token'],
  scopes: ['read'],
}))

const now = () => Math.floor(Date.now() / 1000)

/** Claims of a good assertion. */
const claimsFor = (issuer: string, id: string) => ({
  iss: id,
  sub: id,
  aud: issuer,
  jti: randomUUID(),
  iat: now(),
  exp: now() + 60,
})

const formWith = (assertion: string) => ({
  grant_type: 'client_credentials',
  client_assertion_type: assertionType,
  client_assertion: assertion,
})

describe('RFC 7523: a client authenticates with a JWT', () => {
  const key = keyOf()
  const id = 'signer-ES256'
  const header = { alg: 'ES256', kid: key.kid }
  let latchkey: Latchkey

  before(async () => {
    latchkey = await startLatchkey({ clients: [...fixtureClients, ...signers] })
  })

  after(() => latchkey.stop())

  const sign = (more: { header?: object; claims?: object; by?: TestKey } = {}) =>
    signCompact(
      { ...header, ...more.header },
      { ...claimsFor(latchkey.issuer, id), ...more.claims },
      more.by ?? key,
    )
  const present = (assertion: string, more: Record<string, string> = {}) =>
    latchkey.post('/token', { ...formWith(assertion), ...more })

  async function refused(assertion: string, what = assertion) {
    const { status, json, headers } = await present(assertion)
    expect(json, what).to.include({ error: 'invalid_client' })
    expect(status, what).to.equal(401)
    expect(headers.get('www-authenticate'), what).to.match(/^Basic realm=/)
  }

  for (const alg of algorithms) {
    it(`section 2.2: by ${alg} [ASR-01 ASR-02 ASR-08 CLI-23]`, async () => {
      const by = keyOf(alg)
      const claims = claimsFor(latchkey.issuer, `signer-${alg}`)
      const { status, json } = await present(signCompact({ alg, kid: by.kid }, claims, by))
      expect(json).to.include({ token_type: 'Bearer', scope: 'read' })
      expect(status).to.equal(200)
    })
  }

  it('section 2.2: under the types that name a JWT for this, and without a kid [ASR-08]', async () => {
    for (const typ of ['JWT', 'jwt', 'client-authentication+jwt', undefined]) {
      expect((await present(sign({ header: { typ } }))).status, String(typ)).to.equal(200)
    }
    expect((await present(sign({ header: { kid: undefined } }))).status).to.equal(200)
    for (const typ of ['at+jwt', 'dpop+jwt', 'logout+jwt']) await refused(sign({ header: { typ } }))
  })

  it('section 2.2: wants the type of the assertion exactly, and both parameters [ASR-01]', async () => {
    const other = await present(sign(), { client_assertion_type: `${assertionType} ` })
    expect(other.json.error).to.equal('invalid_client')
    for (const half of [
      { client_assertion_type: assertionType, client_id: id },
      { client_assertion: sign(), client_id: id },
      { client_assertion_type: assertionType, client_id: 'web' },
    ]) {
      const { status, json } = await latchkey.post('/token', {
        grant_type: 'client_credentials',
        ...half,
      })
      expect(json.error).to.equal('invalid_request')
      expect(status).to.equal(400)
    }
  })

  it('section 3: is the client itself, who is a client here [ASR-02 ASR-05]', async () => {
    await refused(sign({ claims: { iss: 'signer-RS256' } }), 'another issuer')
    await refused(sign({ claims: { sub: 'signer-RS256' } }), 'another subject')
    await refused(sign({ claims: { iss: 'signer-RS256', sub: 'signer-RS256' } }), 'another client')
    await refused(sign({ claims: { iss: 'nobody', sub: 'nobody' } }), 'no client')
    await refused(sign({ claims: { iss: undefined } }), 'no issuer')
    await refused(sign({ claims: { sub: undefined } }), 'no subject')
    await refused(sign({ claims: { iss: [id], sub: [id] } }), 'lists')
    await refused(sign({ claims: { iss: 'app', sub: 'app' } }), 'a client with a secret')
    await refused(sign({ claims: { iss: 'web', sub: 'web' } }), 'a public client')
  })

  it('RFC 7523bis: is for the issuer and for nobody else [ASR-07]', async () => {
    const { issuer } = latchkey
    for (const aud of [
      `${issuer}/token`,
      `${issuer}/`,
      [issuer, 'https://other.example'],
      ['https://other.example', issuer],
      'https://other.example',
      undefined,
      '',
      [],
    ]) {
      await refused(sign({ claims: { aud } }), JSON.stringify(aud))
    }
  })

  it('section 3: has an end that is near, and has begun [ASR-03 JOS-10]', async () => {
    await refused(sign({ claims: { exp: undefined } }), 'no exp')
    await refused(sign({ claims: { exp: now() - 60 } }), 'expired')
    await refused(sign({ claims: { exp: now() + 3600 } }), 'an hour')
    await refused(sign({ claims: { exp: Number.MAX_SAFE_INTEGER } }), 'forever')
    await refused(sign({ claims: { exp: String(now() + 60) } }), 'a string')
    await refused(sign({ claims: { nbf: now() + 60 } }), 'not yet')
    expect((await present(sign({ claims: { exp: now() + 290 } }))).status).to.equal(200)
  })

  it('section 3: is used once [ASR-06]', async () => {
    const assertion = sign()
    expect((await present(assertion)).status).to.equal(200)
    await refused(assertion, 'again')
    const jti = randomUUID()
    expect((await present(sign({ claims: { jti } }))).status).to.equal(200)
    await refused(sign({ claims: { jti } }), 'another assertion with its jti')
    await refused(sign({ claims: { jti: undefined } }), 'no jti')
    await refused(sign({ claims: { jti: '' } }), 'an empty jti')
  })

  it('section 3: is not spent by a forger who knows its jti [ASR-06]', async () => {
    const jti = randomUUID()
    await refused(sign({ claims: { jti }, by: makeKey() }))
    expect((await present(sign({ claims: { jti } }))).status).to.equal(200)
  })

  it('RFC 7521 section 4.2: may stand beside client_id, which must agree [ASR-04]', async () => {
    expect((await present(sign(), { client_id: id })).status).to.equal(200)
    const { status, json } = await present(sign(), { client_id: 'app' })
    expect(json.error).to.equal('invalid_client')
    expect(status).to.equal(401)
  })

  it('RFC 6749 section 2.3: stands beside no other method [ASR-13]', async () => {
    const both = await latchkey.post('/token', formWith(sign()), { basic: `app:${secret}` })
    expect(both.json.error).to.equal('invalid_request')
    const body = await present(sign(), { client_secret: secret })
    expect(body.json.error).to.equal('invalid_request')
  })

  it('RFC 6749 section 2.3: is the only way in for a client that is registered for it [ASR-08]', async () => {
    const form = { grant_type: 'client_credentials' }
    const answers = [
      await latchkey.post('/token', form, { basic: `${id}:${secret}` }),
      await latchkey.post('/token', form, { basic: `${id}:judged elsewhere` }),
      await latchkey.post('/token', { ...form, client_id: id }),
    ]
    expect(answers.map(({ json }) => json.error)).to.deep.equal(Array(3).fill('invalid_client'))
  })

  it('opens introspection and revocation as well [REV-09 INT-01]', async () => {
    const { json } = await present(sign())
    const about = (assertion: string) => ({
      token: json.access_token,
      client_assertion_type: assertionType,
      client_assertion: assertion,
    })
    const spent = sign()
    expect((await latchkey.post('/introspect', about(spent))).json.active).to.equal(true)
    expect((await latchkey.post('/introspect', about(spent))).status).to.equal(401)
    expect((await latchkey.post('/revoke', about(sign({ by: makeKey() })))).status).to.equal(401)
    expect((await latchkey.post('/revoke', about(sign()))).status).to.equal(200)
    expect((await latchkey.post('/introspect', about(sign()))).json.active).to.equal(false)
  })

  describe('RFC 8725: does not with', () => {
    const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')

    it('alg none, a MAC, or an algorithm that its key is not for [JOS-01 JOS-02 ASR-08]', async () => {
      const [, payload, signature] = sign().split('.')
      for (const alg of ['none', 'None', 'NONE', 'nOnE', '']) {
        await refused(`${part({ alg })}.${payload}.`)
        await refused(`${part({ alg, kid: key.kid })}.${payload}.${signature}`)
      }
      const pem = Buffer.from(JSON.stringify(key.publicJwk))
      for (const mac of [pem, Buffer.from(key.publicJwk.x ?? '', 'base64url')]) {
        const input = `${part({ alg: 'HS256', kid: key.kid })}.${payload}`
        await refused(`${input}.${createHmac('sha256', mac).update(input).digest('base64url')}`)
      }
      const claims = claimsFor(latchkey.issuer, 'signer-RS256')
      const rsa = keyOf('RS256')
      const crossed = signCompact({ alg: 'PS256', kid: rsa.kid }, claims, { ...rsa, alg: 'PS256' })
      await refused(crossed, 'PS256 with a key for RS256')
      await refused(sign({ header: { alg: 'ES384' } }))
    })

    it('a key of its own, which is not fetched either [JOS-05 ASR-12]', async () => {
      const calls: string[] = []
      const trap = createServer()
      trap.on('connection', () => calls.push('connection'))
      const { url, close } = await listen(trap)
      const stranger = makeKey()
      try {
        for (const own of [
          { jwk: stranger.publicJwk },
          { jku: url },
          { x5u: url },
          { x5c: ['M'] },
        ]) {
          await refused(sign({ header: { ...own, kid: stranger.kid }, by: stranger }))
          await refused(sign({ header: own }), 'even rightly signed')
        }
      } finally {
        await close()
      }
      expect(calls).to.deep.equal([])
    })

    it('crit, or a kid that is no key of the client [JOS-04 JOS-06 ASR-09]', async () => {
      for (const crit of [['exp'], ['b64'], [], 'exp']) await refused(sign({ header: { crit } }))
      for (const kid of ['../keys/ES256-1.json', "' OR 1=1 --", '__proto__', 'x', 1, [key.kid]]) {
        await refused(sign({ header: { kid } }))
      }
    })

    it('another spelling of an assertion, or another serialization [JOS-07 JOS-18]', async () => {
      const assertion = sign()
      const [head, payload, signature] = assertion.split('.')
      for (const spelling of [
        `${assertion}=`,
        `${assertion}==`,
        ` ${assertion}`,
        `${assertion} `,
        `${head}.${payload}=.${signature}`,
        `${head}. ${payload}.${signature}`,
        `${assertion}.`,
        `${assertion}.AA.AA`,
        JSON.stringify({ protected: head, payload, signature }),
        'x'.repeat(16_000),
        'not a jwt',
        '..',
      ]) {
        await refused(spelling)
      }
      expect((await present(assertion)).status, 'none of them spent it').to.equal(200)
    })

    it('claims that are no object, or names that are there twice [JOS-08 JOS-09]', async () => {
      for (const payload of ['[]', 'null', '"text"', '1', '']) {
        await refused(signCompact(header, payload, key), payload)
      }
      const claims = JSON.stringify(claimsFor(latchkey.issuer, id))
      await refused(signCompact(header, `${claims.slice(0, -1)},"sub":"${id}"}`, key))
      const head = JSON.stringify(header)
      await refused(signCompact(`${head.slice(0, -1)},"alg":"ES256"}`, claims, key))
    })

    it('a changed or cut signature, or the key of another client [JOS-03 JOS-11]', async () => {
      const [head, payload, signature = ''] = sign().split('.')
      await refused(`${head}.${payload}.${signature.slice(0, -2)}`)
      await refused(`${head}.${payload}.`)
      await refused(`${head}.${payload}.${Buffer.alloc(64).toString('base64url')}`)
      await refused(
        `${head}.${part({ ...claimsFor(latchkey.issuer, id), scope: 'x' })}.${signature}`,
      )
      await refused(sign({ by: makeKey() }))
      const rsa = keyOf('RS256')
      await refused(sign({ header: { alg: 'RS256', kid: rsa.kid }, by: rsa }))
    })
  })

  it('RFC 8725 section 3.10: has its keys in the configuration, which takes no URL of them [ASR-12]', () => {
    const [signer] = signers
    expect(Config.shape.clients.safeParse([signer]).success).to.equal(true)
    const url = 'http://127.0.0.1:1/jwks'
    for (const more of [
      { jwks_uri: url },
      { jwksUri: url },
      { jwks: url },
      { jwks: { uri: url } },
    ]) {
      const parsed = Config.shape.clients.safeParse([{ ...signer, ...more }])
      expect(parsed.success, JSON.stringify(more)).to.equal(false)
    }
  })
})

for (const store of ['SQLite', 'Redis']) {
  describe(`RFC 7523 section 3: an assertion at two instances that share ${store}`, () => {
    let redis: RedisServer | undefined
    let first: Latchkey
    let second: Latchkey

    before(async () => {
      redis = store === 'Redis' ? await startRedis() : undefined
      const clients = [...fixtureClients, ...signers]
      first = await startLatchkey({ clients, ...(redis && { state: redis.url }) })
      second = await startLatchkey({
        clients,
        issuer: first.issuer,
        keys: `${first.folder}/keys`,
        state: redis?.url ?? `sqlite:${first.folder}/state.sqlite`,
      })
    })

    after(async () => {
      await second.stop()
      await first.stop()
      await redis?.stop()
    })

    it('is taken by one of them, however many try at once [ASR-06]', async () => {
      const key = keyOf()
      for (let round = 0; round < 5; round++) {
        const assertion = signCompact(
          { alg: 'ES256', kid: key.kid },
          claimsFor(first.issuer, 'signer-ES256'),
          key,
        )
        const answers = await Promise.all(
          Array.from({ length: 8 }, (_, index) =>
            (index % 2 ? first : second).post('/token', formWith(assertion)),
          ),
        )
        const statuses = answers.map(({ status }) => status).sort()
        expect(statuses).to.deep.equal([200, ...Array(7).fill(401)])
      }
    })
  })
}
