import { createHmac, createPublicKey } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { connect } from 'node:net'
import { expect } from 'chai'
import { createVerifier } from '../../src/resource-server/index.ts'
import { goodClaims, makeKey, signCompact, startIssuer, type TestIssuer } from '../parts/issuer.ts'
import { listen } from '../parts/listen.ts'
import { type Api, protectedApis } from '../parts/protected-apis.ts'
import { rawGet } from '../parts/raw-request.ts'

const notGenuine =
  'Bearer realm="api", error="invalid_token", error_description="the token is malformed or not genuine"'

describe('RFC 8725 and RFC 9068 section 4: a protected resource refuses', () => {
  const ec = makeKey('ES256', 'ec')
  const rsa = makeKey('RS256', 'rsa')
  const attacker = makeKey('ES256', 'ec')
  const header = { alg: 'ES256', typ: 'at+jwt', kid: 'ec' }
  let issuer: TestIssuer
  let api: Api
  /** Somebody's server, that a token tries to lure us to. */
  let canary: Awaited<ReturnType<typeof listen>>
  let visits = 0

  before(async () => {
    issuer = await startIssuer([ec, rsa, makeKey('PS256', 'pss'), makeKey('EdDSA', 'ed')])
    const verifier = createVerifier({
      issuer: issuer.url,
      audience: 'https://api.example',
      jwks: issuer.jwksUrl,
    })
    api = await protectedApis.koa(verifier)
    const server = createServer((_, response) => {
      response.end(JSON.stringify({ keys: [attacker.publicJwk] }))
    })
    server.on('connection', () => visits++)
    canary = await listen(server)
  })

  after(async () => {
    await api.close()
    await issuer.close()
    await canary.close()
  })

  const claims = (more: object = {}) => ({ ...goodClaims(issuer.url), ...more })
  const good = () => signCompact(header, claims(), ec)
  const send = (token: string) => rawGet(`${api.url}/`, ['authorization', `Bearer ${token}`])
  const text = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')

  async function refused(token: string, challenge = notGenuine, label = token): Promise<void> {
    const answer = await send(token)
    expect(answer.status, label).to.equal(401)
    expect(answer.challenge, label).to.equal(challenge)
  }

  const because = (reason: string) =>
    `Bearer realm="api", error="invalid_token", error_description="${reason}"`

  it('nothing that is good, whatever the algorithm', async () => {
    for (const key of [ec, rsa]) {
      const token = signCompact({ ...header, alg: key.alg, kid: key.kid }, claims(), key)
      expect((await send(token)).status, key.alg).to.equal(200)
    }
    for (const typ of ['application/at+jwt', 'AT+JWT', 'Application/At+Jwt']) {
      expect((await send(signCompact({ ...header, typ }, claims(), ec))).status, typ).to.equal(200)
    }
    const { kid: _, ...withoutKid } = header
    expect((await send(signCompact(withoutKid, claims(), ec))).status, 'no kid').to.equal(200)
  })

  it('section 3.2: alg none in any spelling, with and without a signature', async () => {
    const [, payload, signature] = good().split('.')
    for (const alg of ['none', 'None', 'NONE', 'nOnE', 'none ', '', ' ', null, 0, [], {}, true]) {
      const unsigned = `${text({ ...header, alg })}.${payload}.`
      await refused(unsigned)
      await refused(unsigned + signature)
    }
    await refused(`${text({ typ: 'at+jwt' })}.${payload}.`)
  })

  it('section 3.1: a MAC keyed with the public key in any of its forms', async () => {
    const spki = createPublicKey({ format: 'jwk', key: rsa.publicJwk })
    const secrets = [
      spki.export({ format: 'pem', type: 'spki' }),
      spki.export({ format: 'der', type: 'spki' }),
      JSON.stringify(rsa.publicJwk),
      Buffer.from(rsa.publicJwk.n ?? '', 'base64url'),
    ]
    for (const alg of ['HS256', 'HS384', 'HS512']) {
      for (const secret of secrets) {
        const input = `${text({ ...header, alg, kid: 'rsa' })}.${text(claims())}`
        const mac = createHmac(alg.replace('HS', 'sha'), secret).update(input)
        await refused(`${input}.${mac.digest('base64url')}`)
      }
    }
  })

  it('section 3.1: a key with an algorithm that it was not made for', async () => {
    const asPss = { ...rsa, alg: 'PS256' }
    await refused(signCompact({ ...header, alg: 'PS256', kid: 'rsa' }, claims(), asPss))
    await refused(signCompact({ ...header, alg: 'RS256', kid: 'pss' }, claims(), rsa))
    await refused(signCompact({ ...header, alg: 'RS256', kid: 'ec' }, claims(), rsa))
    await refused(signCompact({ ...header, alg: 'ES384' }, claims(), ec))
    await refused(signCompact({ ...header, alg: 'es256' }, claims(), ec))
  })

  it('RFC 7515 section 5.2: a header, payload or signature that was changed, cut or swapped', async () => {
    const [head, payload, signature] = good().split('.')
    const [, otherPayload] = signCompact(header, claims({ sub: 'alice' }), ec).split('.')
    await refused(`${head}.${otherPayload}.${signature}`)
    await refused(`${text({ ...header, typ: 'application/at+jwt' })}.${payload}.${signature}`)
    await refused(`${head}.${payload}.`)
    await refused(`${head}.${payload}.${signature?.slice(0, -4)}`)
    await refused(`${head}.${payload}.${'A'.repeat(86)}`)
    await refused(`${head}.${payload}`)
    await refused(`${head}.${payload}.${signature}.`)
    await refused(`${head}.${payload}.${signature}.${signature}.${signature}`)
    await refused(`.${payload}.${signature}`)
    await refused('..')
  })

  it('a signature by a key that is not in the set, under a kid that is', async () => {
    await refused(signCompact(header, claims(), attacker))
  })

  it('section 3.10: keys that the token brings along, and calls nobody to fetch them', async () => {
    const own = { alg: 'ES256', typ: 'at+jwt', kid: 'ec' }
    const certificate = Buffer.from('not looked at').toString('base64')
    const lures = [
      { jwk: attacker.publicJwk },
      { jku: `${canary.url}/jwks` },
      { jku: `${canary.url}/jwks`, kid: 'unknown' },
      { x5u: `${canary.url}/chain.pem` },
      { x5c: [certificate] },
      { jwks_uri: `${canary.url}/jwks` },
      { iss: canary.url, jku: `${issuer.url}@${canary.url}` },
    ]
    for (const lure of lures) {
      await refused(signCompact({ ...own, ...lure }, claims(), attacker))
      if (!('jwks_uri' in lure)) await refused(signCompact({ ...own, ...lure }, claims(), ec))
    }
    expect(visits).to.equal(0)
    // The canary does sing.
    await once(connect(Number(new URL(canary.url).port), '127.0.0.1').end(), 'close')
    expect(visits).to.equal(1)
  })

  it('section 3.10: a kid that is a path, a query or the name of a member of every object', async () => {
    const kids = [
      '../../../../dev/null',
      '/etc/passwd',
      "x' UNION SELECT 'key",
      '__proto__',
      'constructor',
      'toString',
      'keys',
      '0',
      '',
      ' ec',
      'EC',
      'ec\u0000',
      `${'k'.repeat(4000)}`,
    ]
    for (const kid of kids) {
      await refused(signCompact({ ...header, kid }, claims(), ec))
      await refused(signCompact({ ...header, kid }, claims(), attacker))
    }
    for (const kid of [1, null, ['ec'], { ec: 1 }, true]) {
      await refused(signCompact({ ...header, kid }, claims(), ec))
    }
    // All of that is at most one more look at the keys.
    expect(issuer.requests.length).to.be.at.most(2)
  })

  it('RFC 7515 section 4.1.11: crit, known to others or not, well-formed or not', async () => {
    for (const crit of [['b64'], ['exp'], ['x'], [], 'b64', null, {}, [1], ['alg']]) {
      await refused(signCompact({ ...header, crit, b64: true, x: 1 }, claims(), ec))
    }
  })

  it('RFC 7515 section 2: padding, white space and other spellings of the same octets', async () => {
    const [head = '', payload = '', signature = ''] = good().split('.')
    // A P-256 signature leaves two bits over in its last character.
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
    const last = alphabet.indexOf(signature.slice(-1))
    await refused(`${head}.${payload}.${signature.slice(0, -1)}${alphabet[last + 1]}`)
    await refused(`${head}.${payload}.${signature}A`)
    await refused(`${head}.${payload}.${signature}==`)
    // These never get through the header's own grammar.
    for (const token of [
      `${head}=.${payload}.${signature}`,
      `${head}.${payload}=.${signature}`,
      `${head} .${payload}.${signature}`,
      `${head}. ${payload}.${signature}`,
      `${head}.${payload}.${signature} x`,
    ]) {
      expect((await send(token)).status, token).to.equal(400)
    }
    // As it would come from a caller that takes the header apart itself.
    const verifier = createVerifier({
      issuer: issuer.url,
      audience: 'https://api.example',
      jwks: { keys: issuer.keys },
    })
    const whole = `${head}.${payload}.${signature}`
    expect(await verifier.verify(whole)).to.include({ sub: 'johndoe' })
    for (const token of [` ${whole}`, `${whole}\n`, `${head}\n.${payload}.${signature}`]) {
      const outcome = await verifier.verify(token).catch(({ code }) => code)
      expect(outcome, JSON.stringify(token)).to.equal('invalid_token')
    }
  })

  it('RFC 7519 section 7.2: a payload that is no JSON object in UTF-8', async () => {
    const payloads = [
      '[]',
      'null',
      '"text"',
      '1',
      '',
      'true',
      '{',
      '{} {}',
      '{"iss":1,}',
      '[{}]',
      `\ufeff${JSON.stringify(claims())}`,
      Buffer.from(JSON.stringify(claims({ sub: 'caf\u00e9' })), 'latin1'),
      Buffer.from(JSON.stringify(claims()), 'utf16le'),
    ]
    for (const payload of payloads) await refused(signCompact(header, payload, ec))
  })

  it('RFC 7515 section 4 and RFC 7519 section 4: repeated names', async () => {
    const json = JSON.stringify(claims())
    for (const twice of [
      json.replace('{', '{"sub":"alice",'),
      json.replace('{', '{"\\u0073ub":"alice",'),
      json.replace('{', '{"cnf":{"jkt":"a","jkt":"b"},'),
    ]) {
      await refused(signCompact(header, twice, ec))
    }
    await refused(
      signCompact('{"alg":"none","alg":"ES256","typ":"at+jwt","kid":"ec"}', claims(), ec),
    )
    await refused(signCompact('{"alg":"ES256","typ":"x","typ":"at+jwt","kid":"ec"}', claims(), ec))
    const harmless = claims({ list: [{ a: 1 }, { a: 1 }], text: '"sub":"x"', 'sub"': '{' })
    expect((await send(signCompact(header, harmless, ec))).status).to.equal(200)
  })

  it('RFC 7515 section 4: a header that is no JSON object', async () => {
    for (const head of ['[]', 'null', '"ES256"', '', '{', '{"alg":"ES256",}']) {
      await refused(signCompact(head, claims(), ec))
    }
  })

  it('nesting as deep as it fits, without falling over', async () => {
    const deep = (brackets: number) => `${'['.repeat(brackets)}${']'.repeat(brackets)}`
    await refused(signCompact(`{"alg":"none","x":${deep(5_000)}}`, claims(), ec))
    const nested = JSON.stringify(claims()).replace('{', `{"x":${deep(5_000)},`)
    const verifier = createVerifier({
      issuer: issuer.url,
      audience: 'https://api.example',
      jwks: { keys: issuer.keys },
    })
    expect(await verifier.verify(signCompact(header, nested, ec))).to.include({ sub: 'johndoe' })
  })

  it('section 3.11: ID tokens and JWTs of other kinds', async () => {
    for (const typ of ['JWT', 'jwt', 'dpop+jwt', 'logout+jwt', 'at+jwt2', 'text/at+jwt', '', 1]) {
      await refused(signCompact({ ...header, typ }, claims(), ec))
    }
    await refused(signCompact({ alg: 'ES256', kid: 'ec' }, claims(), ec))
    const {
      client_id: _,
      scope: __,
      jti: ___,
      ...idToken
    } = claims({ aud: 'demo-app', nonce: 'n' })
    await refused(signCompact({ alg: 'ES256', kid: 'ec', typ: 'JWT' }, idToken, ec))
  })

  it('section 3.8: another issuer, however alike', async () => {
    for (const iss of [
      'https://evil.example',
      `${issuer.url}/`,
      issuer.url.toUpperCase(),
      `${issuer.url}#`,
      [issuer.url],
      null,
      '',
    ]) {
      await refused(
        signCompact(header, claims({ iss }), ec),
        because('the token is from another issuer'),
      )
    }
  })

  it('section 3.9: another audience, however alike', async () => {
    for (const aud of [
      'https://other.example',
      'https://api.example/',
      'https://api.example.evil',
      'demo-app',
      ['https://other.example'],
      [],
      '',
    ]) {
      await refused(
        signCompact(header, claims({ aud }), ec),
        because('the token is for another audience'),
      )
    }
    const several = claims({ aud: ['https://other.example', 'https://api.example'] })
    expect((await send(signCompact(header, several, ec))).status).to.equal(200)
  })

  it('RFC 7519 section 4.1.4: an expired token, and one that is not valid yet', async () => {
    const now = Math.floor(Date.now() / 1000)
    await refused(
      signCompact(header, claims({ exp: now - 10 }), ec),
      because('the token has expired'),
    )
    await refused(
      signCompact(header, claims({ nbf: now + 60 }), ec),
      because('the token is not valid yet'),
    )
    // Clocks may differ by five seconds.
    expect((await send(signCompact(header, claims({ exp: now - 1 }), ec))).status).to.equal(200)
    expect((await send(signCompact(header, claims({ nbf: now + 3 }), ec))).status).to.equal(200)
  })

  it('RFC 9068 section 2.2: claims that are missing or of the wrong type', async () => {
    const shapes: object[] = ['sub', 'client_id', 'jti', 'iat', 'exp', 'aud'].flatMap((name) => [
      { [name]: undefined },
      { [name]: null },
      { [name]: {} },
      { [name]: true },
    ])
    const now = Math.floor(Date.now() / 1000)
    shapes.push(
      { exp: String(now + 60) },
      { nbf: 'now' },
      { aud: ['https://api.example', 1] },
      { scope: ['me'] },
      { cnf: 'x' },
      { cnf: { jwk: ec.publicJwk } },
      { cnf: { jkt: 1 } },
    )
    for (const shape of shapes) {
      await refused(
        signCompact(header, claims(shape), ec),
        because('a required claim is missing or malformed'),
        JSON.stringify(shape),
      )
    }
    const endless = JSON.stringify(claims()).replace(/"exp":\d+/, '"exp":1e999')
    await refused(
      signCompact(header, endless, ec),
      because('a required claim is missing or malformed'),
    )
  })

  it('RFC 8725 section 2.8: encrypted tokens, and the JSON serialization', async () => {
    const part = Buffer.alloc(32, 1).toString('base64url')
    await refused(`${text({ alg: 'RSA-OAEP', enc: 'A256GCM' })}.${part}.${part}.${part}.${part}`)
    const [head, payload, signature] = good().split('.')
    const json = JSON.stringify({ protected: head, payload, signature })
    expect((await send(json)).status).to.equal(400)
    await refused(Buffer.from(json).toString('base64url'))
  })

  it('a token longer than any real one', async () => {
    const verifier = createVerifier({
      issuer: issuer.url,
      audience: 'https://api.example',
      jwks: { keys: issuer.keys },
    })
    const judge = (filler: number) =>
      verifier
        .verify(signCompact(header, claims({ filler: 'x'.repeat(filler) }), ec))
        .then(({ sub }) => sub)
        .catch(({ code }) => code)
    expect(await judge(11_000)).to.equal('johndoe')
    expect(await judge(13_000)).to.equal('invalid_token')
  })
})
