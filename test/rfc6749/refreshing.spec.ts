import { expect } from 'chai'
import {
  type Answer,
  type Latchkey,
  passwordGrant,
  secret,
  startLatchkey,
} from '../parts/latchkey.ts'

const claims = (token: string) =>
  JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString())

describe('RFC 6749 section 6: refreshing an access token', () => {
  let server: Latchkey
  before(async () => {
    server = await startLatchkey()
  })
  after(() => server.stop())

  const refresh = (token: string, more: Record<string, string> = {}) =>
    server.post('/token', {
      grant_type: 'refresh_token',
      refresh_token: token,
      client_id: 'web',
      ...more,
    })
  const outcome = ({ status, json }: Answer) => `${status} ${json.error ?? 'issued'}`

  it('needs a refresh token [REF-01]', async () => {
    const form = 'grant_type=refresh_token&client_id=web'
    expect(outcome(await server.post('/token', form))).to.equal('400 invalid_request')
    expect(outcome(await refresh(''))).to.equal('400 invalid_request')
  })

  it('makes confidential clients authenticate, before it spends anything [REF-02]', async () => {
    const basic = `app:${secret}`
    const { json } = await server.post('/token', { ...passwordGrant, client_id: 'app' }, { basic })
    const form = { grant_type: 'refresh_token', refresh_token: json.refresh_token }
    expect(outcome(await server.post('/token', { ...form, client_id: 'app' }))).to.equal(
      '401 invalid_client',
    )
    expect(outcome(await server.post('/token', form, { basic: 'app:wrong' }))).to.equal(
      '401 invalid_client',
    )
    expect(outcome(await server.post('/token', form, { basic }))).to.equal('200 issued')
  })

  it('is for the client that the token was issued to, before it spends anything [REF-03]', async () => {
    const { refresh_token: token } = await server.login()
    expect(outcome(await refresh(token, { client_id: 'other-web' }))).to.equal('400 invalid_grant')
    const form = { grant_type: 'refresh_token', refresh_token: token }
    const stranger = await server.post('/token', form, { basic: `app:${secret}` })
    expect(outcome(stranger)).to.equal('400 invalid_grant')
    expect(outcome(await refresh(token))).to.equal('200 issued')
  })

  it('refuses unknown and revoked tokens alike [REF-04]', async () => {
    const { refresh_token: token } = await server.login()
    await server.post('/revoke', { token, client_id: 'web' })
    const revoked = await refresh(token)
    expect(outcome(revoked)).to.equal('400 invalid_grant')
    for (const unknown of ['x', 'a.1.b', `${'A'.repeat(22)}.1.${'A'.repeat(43)}`, '\u20ac']) {
      expect((await refresh(unknown)).text, unknown).to.equal(revoked.text)
    }
  })

  it('never widens the scope, and spends nothing on the attempt [REF-05]', async () => {
    const { refresh_token: token } = await server.login({ scope: 'read' })
    for (const scope of ['read write', 'write', 'nonsense', 'READ']) {
      expect(outcome(await refresh(token, { scope })), scope).to.equal('400 invalid_scope')
    }
    expect(outcome(await refresh(token, { scope: 'read' }))).to.equal('200 issued')
  })

  it('gives the original scope where none is asked [REF-06]', async () => {
    const { refresh_token: token } = await server.login({ scope: 'read write' })
    const { json } = await refresh(token)
    expect(claims(json.access_token).scope).to.equal('read write')
  })

  it('keeps the scope of the login behind a narrowed request [REF-07]', async () => {
    const { refresh_token: token } = await server.login({ scope: 'read write' })
    const narrowed = await refresh(token, { scope: 'write' })
    expect(claims(narrowed.json.access_token).scope).to.equal('write')
    const { json } = await refresh(narrowed.json.refresh_token)
    expect(claims(json.access_token).scope).to.equal('read write')
    expect(json.scope).to.equal('read write')
  })

  it('believes no token that was made or changed elsewhere [REF-08]', async () => {
    const { refresh_token: token } = await server.login()
    const [family = '', generation = '', mac = ''] = token.split('.')
    const other = (text: string, at: number) =>
      text.slice(0, at) + (text[at] === 'A' ? 'B' : 'A') + text.slice(at + 1)
    // 43 characters carry two bits too many: without a check each token would have four spellings.
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
    const spelling = alphabet[alphabet.indexOf(token.slice(-1)) ^ 1]
    const changed = [
      token.slice(0, -1) + spelling,
      ...Array.from({ length: token.length }, (_, at) => other(token, at)),
      `${family}.2.${mac}`,
      `${family}.01.${mac}`,
      `${family}.${generation}.`,
      `${family}.${generation}`,
      token.slice(0, -1),
      `${token}A`,
      `${token}=`,
      `${token} `,
      ` ${token}`,
      `${token}\n`,
      token.toLowerCase(),
    ]
    for (const wrong of changed) {
      expect(outcome(await refresh(wrong)), wrong).to.be.oneOf([
        '400 invalid_grant',
        '400 invalid_request',
      ])
    }
    expect(outcome(await refresh(token))).to.equal('200 issued')
  })

  it('names families by 128 random bits, and proves them by 256 [REF-08 RES-11]', async () => {
    const tokens = await Promise.all(Array.from({ length: 20 }, () => server.login()))
    const parts = tokens.map(({ refresh_token: token }) => token.split('.'))
    for (const at of [0, 2]) expect(new Set(parts.map((part) => part[at])).size).to.equal(20)
    for (const [family = '', , mac = ''] of parts) {
      expect(Buffer.from(family, 'base64url').length * 8).to.be.at.least(128)
      expect(Buffer.from(mac, 'base64url').length * 8).to.equal(256)
    }
  })

  it('is for the resource of the login alone [REF-16]', async () => {
    const { refresh_token: token } = await server.login({ scope: 'read' })
    const other = { resource: 'https://opaque.example' }
    expect(outcome(await refresh(token, other))).to.equal('400 invalid_target')
    const same = await refresh(token, { resource: 'https://api.example' })
    expect(claims(same.json.access_token).aud).to.equal('https://api.example')
  })

  it('takes no refresh token for an access token [REF-17]', async () => {
    const { refresh_token: token } = await server.login()
    const headers = { Authorization: `Bearer ${token}` }
    const answer = await fetch(`${server.issuer}/users/me`, { headers })
    expect(answer.status).to.equal(401)
    const basic = `resource-server:${secret}`
    const { json } = await server.post('/introspect', { token }, { basic })
    expect(json).to.deep.equal({ active: false })
  })

  it('takes no access token for a refresh token [REF-18]', async () => {
    const jwt = await server.login()
    const opaque = await server.login({ scope: 'peek' })
    for (const { access_token: token } of [jwt, opaque]) {
      expect(outcome(await refresh(token))).to.equal('400 invalid_grant')
    }
  })

  it('changes neither subject nor client [REF-19]', async () => {
    const login = await server.login()
    const { json } = await refresh(login.refresh_token)
    const [first, second] = [claims(login.access_token), claims(json.access_token)]
    for (const name of ['iss', 'sub', 'client_id', 'aud', 'sid', 'auth_time', 'amr']) {
      expect(second[name], name).to.deep.equal(first[name])
    }
    expect(second.jti).not.to.equal(first.jti)
  })
})
