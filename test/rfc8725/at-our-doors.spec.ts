import { createHmac, createPublicKey, generateKeyPairSync, type JsonWebKey } from 'node:crypto'
import { createServer } from 'node:http'
import { expect } from 'chai'
import { examineConfig, nothingOutside } from '../../src/config/load.ts'
import { Config } from '../../src/config/schema.ts'
import { readJwks } from '../parts/documents.ts'
import { makeKey, signCompact, type TestKey } from '../parts/issuer.ts'
import { fixtureApis, type Latchkey, secret, startLatchkey } from '../parts/latchkey.ts'
import { listen } from '../parts/listen.ts'
import { decodeJws, serverKey } from '../parts/server-key.ts'

describe('RFC 8725: JWTs at GET /users/me, introspection and revocation', () => {
  const basic = `resource-server:${secret}`
  const stranger = makeKey()
  let latchkey: Latchkey
  let key: TestKey
  let token: string
  let header: Record<string, unknown>
  let claims: Record<string, unknown>

  before(async () => {
    latchkey = await startLatchkey({
      apis: [...fixtureApis, { audience: 'https://other.example', scopes: ['else'] }],
    })
    key = serverKey(latchkey)
    token = (await latchkey.login({ scope: 'read' })).access_token
    ;({ header, claims } = decodeJws(token))
  })

  after(() => latchkey.stop())

  const profile = async (presented: string) => {
    const headers = { Authorization: `Bearer ${presented}` }
    const response = await fetch(`${latchkey.issuer}/users/me`, { headers })
    await response.text()
    return { status: response.status, challenge: response.headers.get('www-authenticate') ?? '' }
  }
  const introspect = (presented: string) =>
    latchkey.post('/introspect', { token: presented }, { basic })

  async function refusedEverywhere(presented: string, what = presented) {
    const { status, challenge } = await profile(presented)
    expect([400, 401], `${what} at /users/me`).to.include(status)
    expect(challenge, what).to.match(/error="invalid_(token|request)"/)
    const introspection = await introspect(presented)
    expect(introspection.json, `${what} at introspection`).to.deep.equal({ active: false })
    const revocation = await latchkey.post('/revoke', { token: presented, client_id: 'web' })
    expect(revocation.status, `${what} at revocation`).to.equal(200)
    expect((await introspect(token)).json.active, `${what} revoked the real one`).to.equal(true)
  }

  const signed = (more: object, payload: object | string | Uint8Array = claims, by = key) =>
    signCompact({ ...header, ...more }, payload, by)
  const part = (value: unknown) =>
    Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url')

  it('take a token that was signed here [JOS-03]', async () => {
    expect((await profile(signed({}))).status).to.equal(200)
    expect((await introspect(signed({}))).json.active).to.equal(true)
  })

  it('section 3.2: refuse alg none in any spelling [JOS-02]', async () => {
    const [, payload, signature] = token.split('.')
    for (const alg of ['none', 'None', 'NONE', 'nOnE', 'none ', '', null, ['none']]) {
      const head = part({ ...header, alg })
      await refusedEverywhere(`${head}.${payload}.${signature}`)
      await refusedEverywhere(`${head}.${payload}.`)
    }
  })

  it('section 3.1: refuse a MAC keyed with the public key, and another algorithm than the key is for [JOS-01]', async () => {
    const jwks = await readJwks(latchkey.issuer)
    const publicJwk = jwks.keys.find(({ kid }) => kid === key.kid) as JsonWebKey
    const publicKey = createPublicKey({ key: publicJwk, format: 'jwk' })
    const forms = [
      publicKey.export({ type: 'spki', format: 'pem' }),
      publicKey.export({ type: 'spki', format: 'der' }),
      JSON.stringify(publicJwk),
      Buffer.from(publicJwk.x ?? '', 'base64url'),
    ]
    for (const form of forms) {
      const input = `${part({ ...header, alg: 'HS256' })}.${token.split('.')[1]}`
      const mac = createHmac('sha256', form).update(input).digest('base64url')
      await refusedEverywhere(`${input}.${mac}`)
    }
    const rsa = serverKey(latchkey, 'RS256')
    await refusedEverywhere(signed({ alg: 'RS256' }, claims, rsa), 'the kid of another key')
    await refusedEverywhere(
      signed({ alg: 'PS256', kid: rsa.kid }, claims, { ...rsa, alg: 'PS256' }),
    )
    await refusedEverywhere(signed({ alg: 'ES384' }))
  })

  it('RFC 7515 section 5.2: refuse what was changed, cut or swapped [JOS-03]', async () => {
    const [head = '', payload = '', signature = ''] = token.split('.')
    const other = decodeJws(token).claims
    const raised = part({ ...other, scope: 'read write admin' })
    await refusedEverywhere(`${head}.${raised}.${signature}`)
    await refusedEverywhere(`${head}.${payload}.${signature.slice(0, -2)}`)
    await refusedEverywhere(`${head}.${payload}.`)
    await refusedEverywhere(`${head}.${payload}`)
    await refusedEverywhere(`${payload}.${head}.${signature}`)
    await refusedEverywhere(
      `${head}.${payload}.${Buffer.alloc(64).toString('base64url')}`,
      'r = s = 0',
    )
    const second = (await latchkey.login()).access_token.split('.')[2]
    await refusedEverywhere(`${head}.${payload}.${second}`)
    await refusedEverywhere(signed({}, claims, stranger), 'a strange key under a known kid')
  })

  it('RFC 7515 section 4.1.11: refuse crit, known to others or not, well-formed or not [JOS-04]', async () => {
    for (const crit of [['exp'], ['b64'], ['unknown'], [], 'exp', null]) {
      await refusedEverywhere(signed({ crit, b64: true, unknown: 1 }))
    }
  })

  it('section 3.10: take no key from the token, and call nobody for one [JOS-05]', async () => {
    const calls: string[] = []
    const trap = createServer((request, response) => {
      calls.push(request.url ?? '')
      response.end(JSON.stringify({ keys: [stranger.publicJwk] }))
    })
    trap.on('connection', () => calls.push('connection'))
    const { url, close } = await listen(trap)
    try {
      for (const own of [
        { jwk: stranger.publicJwk },
        { jku: `${url}/jwks` },
        { x5u: `${url}/cert` },
        { x5c: ['MIIB'] },
      ]) {
        for (const kid of [key.kid, stranger.kid, undefined]) {
          await refusedEverywhere(signed({ ...own, kid }, claims, stranger))
        }
        await refusedEverywhere(signed(own), 'our own signature beside a key of the token')
      }
    } finally {
      await close()
    }
    expect(calls).to.deep.equal([])
  })

  it('section 3.10: look a kid up and do nothing else with it [JOS-06]', async () => {
    const kids = [
      '../../../../etc/passwd',
      '/dev/null',
      "' OR '1'='1",
      '__proto__',
      'constructor',
      'toString',
      '',
      'k'.repeat(4000),
      1,
      null,
      [key.kid],
      { toString: key.kid },
    ]
    for (const kid of kids) await refusedEverywhere(signed({ kid }))
    expect((await profile(token)).status).to.equal(200)
  })

  it('RFC 7515 section 2: refuse padding, white space and other spellings [JOS-07]', async () => {
    const [head, payload, signature = ''] = token.split('.')
    // The last of 86 characters has four bits of nothing.
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
    const other = alphabet[alphabet.indexOf(signature.slice(-1)) ^ 1]
    for (const spelling of [
      `${token}=`,
      `${token}==`,
      `${head}=.${payload}.${signature}`,
      `${head}.${payload}==.${signature}`,
      `${head}.${payload}.${signature.slice(0, -1)}${other}`,
      `${head}.${payload}.${signature}.`,
      `${head}..${payload}.${signature}`,
      token.replaceAll('-', '+').replaceAll('_', '/') === token
        ? `${token}+`
        : token.replaceAll('-', '+').replaceAll('_', '/'),
    ]) {
      await refusedEverywhere(spelling)
    }
    for (const spelling of [` ${token}`, `${token} `, `${head}. ${payload}.${signature}`]) {
      expect((await introspect(spelling)).json, spelling).to.deep.equal({ active: false })
    }
  })

  it('RFC 7519 section 7.2: refuse a payload that is no JSON object in UTF-8 [JOS-08]', async () => {
    const latin = Buffer.from(JSON.stringify({ ...claims, name: 'é' }), 'latin1')
    for (const payload of ['[]', '"text"', 'null', '1', '', '{', latin]) {
      await refusedEverywhere(signed({}, payload), String(payload))
    }
    await refusedEverywhere(signed({}, `[${JSON.stringify(claims)}]`))
  })

  it('RFC 7515 section 4: refuse repeated names [JOS-09]', async () => {
    const head = JSON.stringify(header)
    const twice = `${head.slice(0, -1)},"alg":"ES256"}`
    await refusedEverywhere(signCompact(twice, claims, key))
    const payload = JSON.stringify(claims)
    await refusedEverywhere(signed({}, `${payload.slice(0, -1)},"sub":"root"}`))
    await refusedEverywhere(signed({}, `{"sub":"root",${payload.slice(1)}`))
  })

  it('RFC 7519 section 4.1.4: honour exp and nbf [JOS-10]', async () => {
    const now = Math.floor(Date.now() / 1000)
    // By ids of their own: what is revoked is revoked by its id whatever the clock says (RFC 7009).
    await refusedEverywhere(signed({}, { ...claims, jti: 'expired', exp: now - 60 }))
    await refusedEverywhere(signed({}, { ...claims, jti: 'too early', nbf: now + 60 }))
    await refusedEverywhere(signed({}, { ...claims, exp: undefined }))
    await refusedEverywhere(signed({}, { ...claims, exp: String(now + 60) }))
    expect((await profile(signed({}, { ...claims, nbf: now - 1 }))).status).to.equal(200)
  })

  it('section 3.8: refuse another issuer, however alike [JOS-11]', async () => {
    for (const iss of [
      `${latchkey.issuer}/`,
      'http://evil.example',
      undefined,
      [latchkey.issuer],
    ]) {
      await refusedEverywhere(signed({}, { ...claims, iss }))
    }
  })

  it('section 3.9: refuse another audience [JOS-12]', async () => {
    await refusedEverywhere(signed({}, { ...claims, aud: 'https://unknown.example' }))
    await refusedEverywhere(signed({}, { ...claims, aud: undefined }))
    // Good for its API, and not for /users/me, which is no part of it.
    const other = await latchkey.login({ resource: 'https://rsa.example' })
    expect((await profile(other.access_token)).status).to.equal(401)
    expect((await introspect(other.access_token)).json.active).to.equal(true)
  })

  it('section 3.11: refuse ID tokens and JWTs of other kinds [JOS-13 BEA-13 JAT-20]', async () => {
    for (const typ of [
      'JWT',
      'jwt',
      undefined,
      'dpop+jwt',
      'token-introspection+jwt',
      'logout+jwt',
    ]) {
      await refusedEverywhere(signed({ typ }))
    }
    const { iss, sub, iat, exp } = claims
    const idToken = { iss, sub, iat, exp, aud: 'web', nonce: 'n' }
    await refusedEverywhere(signed({ typ: 'JWT' }, idToken))
    await refusedEverywhere(signed({}, idToken), 'an ID token under the type of an access token')
  })

  it('section 2.8: refuse encrypted tokens and other serializations [JOS-17 JOS-18]', async () => {
    const jwe = (more: object) =>
      [part({ enc: 'A256GCM', ...more }), 'AA', 'AA', 'AA', 'AA'].join('.')
    await refusedEverywhere(jwe({ alg: 'dir', zip: 'DEF' }))
    await refusedEverywhere(jwe({ alg: 'PBES2-HS256+A128KW', p2c: 2_000_000_000, p2s: 'AAAA' }))
    const [head, payload, signature] = token.split('.')
    const json = JSON.stringify({ protected: head, payload, signature })
    expect((await introspect(json)).json).to.deep.equal({ active: false })
    await refusedEverywhere(`${head}.${'A'.repeat(15_000)}.${signature}`, 'a long one')
  })

  it('RFC 7518 section 3.3: weak and foreign keys are no keys of a client [JOS-14 JOS-15 JOS-16]', () => {
    const faults = (client: object) =>
      examineConfig(
        JSON.stringify({
          issuer: 'http://127.0.0.1:8000',
          apis: fixtureApis,
          users: [{ type: 'embedded', path: 'users.sqlite' }],
          clients: [{ id: 'signer', ...client }],
        }),
        'latchkey.yaml',
        nothingOutside,
      ).faults.map(({ message }) => message)
    const keys = (jwk: object) => ({ authentication: 'private_key_jwt', jwks: { keys: [jwk] } })
    const weak = generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey
    const far = { ...makeKey().publicJwk, x: Buffer.alloc(32, 1).toString('base64url') }
    expect(faults(keys(makeKey().publicJwk))).to.deep.equal([])
    expect(faults(keys(weak.export({ format: 'jwk' }))).join()).to.match(/2048 bits/)
    expect(faults(keys(far)).join()).to.match(/not a public key/)
    // No client authenticates by MAC, so no short secret ever keys one.
    const mac = { id: 'mac', authentication: 'client_secret_jwt', secrets: ['0123456789'] }
    expect(Config.shape.clients.safeParse([mac]).success).to.equal(false)
  })
})
