import { expect } from 'chai'
import { signCompact } from '../parts/issuer.ts'
import { type Latchkey, secret, startLatchkey } from '../parts/latchkey.ts'
import { startRedis } from '../parts/redis.ts'
import { decodeJws, serverKey } from '../parts/server-key.ts'

describe('RFC 7009: token revocation', () => {
  const basic = `app:${secret}`
  let latchkey: Latchkey

  before(async () => {
    latchkey = await startLatchkey()
  })

  after(() => latchkey.stop())

  const revoke = (token: string, more: Record<string, string> = {}) =>
    latchkey.post('/revoke', { token, client_id: 'web', ...more })
  const isActive = async (token: string, by = `resource-server:${secret}`) =>
    (await latchkey.post('/introspect', { token }, { basic: by })).json.active
  const refresh = (refresh_token: string, client_id = 'web') =>
    latchkey.post('/token', { grant_type: 'refresh_token', refresh_token, client_id })
  const profile = async (token: string) => {
    const headers = { Authorization: `Bearer ${token}` }
    return (await fetch(`${latchkey.issuer}/users/me`, { headers })).status
  }
  const machineToken = async () => {
    const form = { grant_type: 'client_credentials' }
    return (await latchkey.post('/token', form, { basic })).json.access_token
  }

  it('section 2: ends a refresh token, whichever generation of it is shown [REV-01]', async () => {
    const first = await latchkey.login()
    const answer = await revoke(first.refresh_token)
    expect(answer.status).to.equal(200)
    expect(answer.json).to.deep.equal({})
    expect((await refresh(first.refresh_token)).json.error).to.equal('invalid_grant')

    const login = await latchkey.login()
    const second = await refresh(login.refresh_token)
    const third = await refresh(second.json.refresh_token)
    expect((await revoke(login.refresh_token)).status, 'the spent one').to.equal(200)
    expect((await refresh(third.json.refresh_token)).json.error).to.equal('invalid_grant')
  })

  it('section 2: ends access tokens of every kind, and no token silently not [REV-02 REV-03 REV-15]', async () => {
    const jwt = (await latchkey.login()).access_token
    const opaque = (await latchkey.login({ scope: 'peek' })).access_token
    for (const token of [jwt, opaque]) {
      expect(await isActive(token)).to.equal(true)
      expect((await revoke(token)).status).to.equal(200)
      expect(await isActive(token)).to.equal(false)
    }
    expect(await profile(jwt)).to.equal(401)
    const machine = await machineToken()
    expect((await latchkey.post('/revoke', { token: machine }, { basic })).status).to.equal(200)
    expect(await isActive(machine)).to.equal(false)
  })

  it('section 2.1: ends the access tokens of a refresh token with it, at once [REV-13 REV-15]', async () => {
    const login = await latchkey.login()
    const next = await refresh(login.refresh_token)
    expect(await profile(login.access_token)).to.equal(200)
    await revoke(next.json.refresh_token)
    for (const token of [login.access_token, next.json.access_token]) {
      expect(await isActive(token)).to.equal(false)
      expect(await profile(token)).to.equal(401)
    }
  })

  it('section 2.1: leaves the login of a revoked access token, and other logins, alone [REV-14]', async () => {
    const login = await latchkey.login()
    const other = await latchkey.login()
    await revoke(login.access_token)
    expect((await refresh(login.refresh_token)).status).to.equal(200)
    await revoke(login.refresh_token)
    expect(await isActive(other.access_token)).to.equal(true)
    expect((await refresh(other.refresh_token)).status).to.equal(200)
  })

  it('section 2.2: answers 200 for a token that is none, or none any more [REV-04 REV-20]', async () => {
    const { access_token: token, refresh_token: refreshToken } = await latchkey.login()
    const { header, claims } = decodeJws(token)
    const expired = { ...claims, exp: Math.floor(Date.now() / 1000) - 60 }
    const [family, generation, mac = ''] = refreshToken.split('.')
    const answers = await Promise.all(
      [
        'unknown',
        'a.b.c',
        'eyJhbGciOiJub25lIn0.e30.',
        signCompact(header, expired, serverKey(latchkey)),
        `${family}.${generation}.${mac.replace(/^./, (first) => (first === 'A' ? 'B' : 'A'))}`,
        `${'A'.repeat(22)}.1.${mac}`,
        'x'.repeat(5000),
      ].map((unknown) => revoke(unknown)),
    )
    await revoke(refreshToken)
    answers.push(await revoke(refreshToken), await revoke(token))
    for (const { status, text, headers } of answers) {
      expect([status, text]).to.deep.equal([200, '{}'])
      expect(headers.get('content-type')).to.match(/^application\/json/)
      expect(headers.get('cache-control')).to.equal('no-store')
    }
  })

  it('section 2.1: finds a token whatever the hint says [REV-05 REV-06]', async () => {
    for (const token_type_hint of ['access_token', 'refresh_token', 'unknown', '']) {
      const login = await latchkey.login()
      expect((await revoke(login.access_token, { token_type_hint })).status).to.equal(200)
      expect(await isActive(login.access_token), token_type_hint).to.equal(false)
      expect((await revoke(login.refresh_token, { token_type_hint })).status).to.equal(200)
      expect((await refresh(login.refresh_token)).json.error).to.equal('invalid_grant')
    }
  })

  it('section 2.1: wants a token, once, and ignores what it does not know [REV-07 REV-17]', async () => {
    for (const form of ['client_id=web', 'client_id=web&token=', 'client_id=web&token=a&token=a']) {
      const { status, json } = await latchkey.post('/revoke', form)
      expect([status, json.error], form).to.deep.equal([400, 'invalid_request'])
    }
    const { access_token } = await latchkey.login()
    expect((await revoke(access_token, { foo: 'bar', __proto__x: '1' })).status).to.equal(200)
    expect(await isActive(access_token)).to.equal(false)
  })

  it('section 2.1: takes a form by POST and nothing else [REV-08]', async () => {
    const { access_token } = await latchkey.login()
    const query = `${latchkey.issuer}/revoke?token=${access_token}&client_id=web`
    for (const method of ['GET', 'PUT', 'DELETE']) {
      const response = await fetch(query, { method })
      expect(response.status, method).to.equal(405)
      expect(response.headers.get('allow'), method).to.match(/POST/)
    }
    expect((await fetch(query, { method: 'POST' })).status).to.be.oneOf([400, 401])
    const json = await fetch(`${latchkey.issuer}/revoke`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ token: access_token, client_id: 'web' }),
    })
    expect(json.status).to.equal(400)
    expect(await isActive(access_token)).to.equal(true)
  })

  it('section 2.1: makes confidential clients authenticate, in one way [REV-09 REV-19 CLI-13]', async () => {
    const token = await machineToken()
    const answers = [
      await revoke(token, { client_id: 'app' }),
      await revoke(token, { client_id: 'app', client_secret: 'wrong' }),
      await revoke(token, { client_id: 'nobody' }),
      await latchkey.post('/revoke', { token }),
      await latchkey.post('/revoke', { token }, { basic: 'app:wrong' }),
    ]
    for (const { status, json, headers } of answers) {
      expect([status, json.error]).to.deep.equal([401, 'invalid_client'])
      expect(headers.get('www-authenticate')).to.match(/^Basic realm=/)
    }
    const both = await latchkey.post(
      '/revoke',
      { token, client_id: 'app', client_secret: secret },
      { basic },
    )
    expect([both.status, both.json.error]).to.deep.equal([400, 'invalid_request'])
    expect(await isActive(token)).to.equal(true)
  })

  it('section 2.1: ends tokens for the client they were issued to, and tells others [REV-10 REV-11 REV-12]', async () => {
    const login = await latchkey.login()
    for (const token of [login.access_token, login.refresh_token]) {
      const answers = [
        await revoke(token, { client_id: 'other-web' }),
        await latchkey.post('/revoke', { token }, { basic }),
        await latchkey.post('/revoke', { token }, { basic: `resource-server:${secret}` }),
      ]
      for (const { status, json } of answers) {
        expect([status, json.error]).to.deep.equal([400, 'invalid_grant'])
      }
    }
    expect(await isActive(login.access_token)).to.equal(true)
    expect((await refresh(login.refresh_token)).status).to.equal(200)
    expect((await revoke(login.access_token)).status).to.equal(200)
    expect(await isActive(login.access_token)).to.equal(false)
  })

  it('section 2.3: may be asked by a page of the client [REV-18 COR-01]', async () => {
    const { access_token } = await latchkey.login()
    const { status, headers } = await latchkey.post(
      '/revoke',
      { token: access_token, client_id: 'web' },
      { headers: { Origin: 'https://web.example' } },
    )
    expect(status).to.equal(200)
    expect(headers.get('access-control-allow-origin')).to.equal('https://web.example')
  })

  it('RFC 7515 section 5.2: ends every spelling of a token, as it goes by jti [REV-21]', async () => {
    const { access_token } = await latchkey.login()
    // An ECDSA signature (r, s) has a twin (r, n - s), which verifies as well.
    const order = BigInt('0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551')
    const [head, payload, signature = ''] = access_token.split('.')
    const hex = Buffer.from(signature, 'base64url').toString('hex')
    const s = (order - BigInt(`0x${hex.slice(64)}`)).toString(16).padStart(64, '0')
    const other = Buffer.from(hex.slice(0, 64) + s, 'hex').toString('base64url')
    const twin = `${head}.${payload}.${other}`
    expect(twin).not.to.equal(access_token)
    expect(await profile(twin)).to.equal(200)
    await revoke(access_token)
    expect(await profile(twin)).to.equal(401)
    expect(await isActive(twin)).to.equal(false)
  })

  it('section 2.2.1: says 503 and when to try again, while the store is away [REV-16]', async () => {
    const redis = await startRedis()
    const shared = await startLatchkey({ state: redis.url })
    try {
      const login = await shared.login()
      await redis.kill()
      for (const token of [login.refresh_token, login.access_token]) {
        const { status, headers, json } = await shared.post('/revoke', { token, client_id: 'web' })
        expect([status, json.error]).to.deep.equal([503, 'temporarily_unavailable'])
        expect(headers.get('retry-after')).to.match(/^\d+$/)
      }
    } finally {
      await shared.stop()
      await redis.stop()
    }
  })
})
