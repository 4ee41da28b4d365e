import { expect } from 'chai'
import { createLocalJWKSet, jwtVerify } from 'jose'
import { readJwks, readMetadata } from '../parts/documents.ts'
import { cheaply, type Latchkey, secret, startLatchkey } from '../parts/latchkey.ts'
import { decodeJws } from '../parts/server-key.ts'

describe('RFC 9068: access tokens', () => {
  const machine = { grant_type: 'client_credentials', scope: 'read' }
  const basic = `app:${secret}`
  let latchkey: Latchkey
  let verify: ReturnType<typeof createLocalJWKSet>

  before(async () => {
    latchkey = await startLatchkey()
    verify = createLocalJWKSet(await readJwks(latchkey.issuer))
  })

  after(() => latchkey.stop())

  it('section 2.1: is signed with a key of the JWK Set and typed at+jwt [JAT-01 JAT-02 JAT-04 JAT-22]', async () => {
    const { access_token } = await latchkey.login({ scope: 'read' })
    const { protectedHeader } = await jwtVerify(access_token, verify, { typ: 'at+jwt' })
    expect(protectedHeader).to.have.all.keys('alg', 'typ', 'kid')
    expect(protectedHeader).to.include({ alg: 'ES256', typ: 'at+jwt' })
  })

  it('section 2.1: is signed by RS256 for an API that wants it [JAT-03]', async () => {
    const { access_token } = await latchkey.login({ resource: 'https://rsa.example' })
    const { protectedHeader } = await jwtVerify(access_token, verify, { algorithms: ['RS256'] })
    expect(protectedHeader.alg).to.equal('RS256')
  })

  it('section 2.2: has every claim that is due, and says who it is about [JAT-05 JAT-11]', async () => {
    const hash = await cheaply('engine')
    const { id } = await latchkey.accounts.add({ username: 'ada', hash })
    const login = await latchkey.login({ username: 'ada', password: 'engine' })
    const { claims } = decodeJws(login.access_token)
    expect(claims).to.include.keys('iss', 'exp', 'aud', 'sub', 'client_id', 'iat', 'jti')
    expect(claims).to.include({ sub: id, client_id: 'web' })

    const answer = await latchkey.post('/token', machine, { basic })
    const own = decodeJws(answer.json.access_token).claims
    expect(own).to.include({ sub: 'app', client_id: 'app' })
    expect(own).not.to.include.any.keys('auth_time', 'amr', 'sid')
  })

  it('section 2.2: has the issuer of the metadata, byte for byte [JAT-06]', async () => {
    const { issuer } = await readMetadata(latchkey.issuer)
    const { claims } = decodeJws((await latchkey.login()).access_token)
    expect(claims.iss).to.equal(issuer)
  })

  it('section 3: is for the resource asked for, or for the first of the client [JAT-07 JAT-08 RIN-04 BCP-02]', async () => {
    const plain = decodeJws((await latchkey.login()).access_token)
    expect(plain.claims.aud).to.equal('https://api.example')
    const asked = await latchkey.login({ resource: 'https://rsa.example' })
    expect(decodeJws(asked.access_token).claims.aud).to.equal('https://rsa.example')
  })

  it('section 3: has one audience, so that no scope is ambiguous [JAT-09]', async () => {
    const resources = 'resource=https://api.example&resource=https://rsa.example'
    const answer = await latchkey.post(
      '/token',
      `grant_type=client_credentials&scope=read&${resources}`,
      { basic },
    )
    expect(answer.status).to.equal(400)
    expect(answer.json.error).to.equal('invalid_target')
  })

  it('section 2.2.3: names the scopes in one string [JAT-10]', async () => {
    const { access_token } = await latchkey.login({ scope: 'write read' })
    expect(decodeJws(access_token).claims.scope).to.equal('read write')
  })

  it('section 2.2.1: keeps time and means of the login over refreshes [JAT-12]', async () => {
    const first = await latchkey.login()
    const { claims } = decodeJws(first.access_token)
    expect(claims.amr).to.deep.equal(['pwd'])
    expect(claims.auth_time).to.be.a('number')
    let refreshToken = first.refresh_token
    for (let round = 0; round < 2; round++) {
      const { json } = await latchkey.post('/token', {
        grant_type: 'refresh_token',
        refresh_token: refreshToken,
        client_id: 'web',
      })
      const { auth_time, amr, sub } = decodeJws(json.access_token).claims
      expect({ auth_time, amr, sub }).to.deep.equal({
        auth_time: claims.auth_time,
        amr: claims.amr,
        sub: claims.sub,
      })
      refreshToken = json.refresh_token
    }
  })

  it('RFC 7519 section 4.1.4: counts whole seconds, as many as expires_in says [JAT-13 JAT-17 BCP-08]', async () => {
    const login = await latchkey.login()
    const { iat, exp } = decodeJws(login.access_token).claims
    expect(Number.isInteger(iat)).to.equal(true)
    expect(Number(exp) - Number(iat)).to.equal(login.expires_in)
    // RFC 6819 section 5.1.5.2, and our own ten minutes.
    expect(login.expires_in).to.be.at.most(600)
  })

  it('RFC 7519 section 4.1.7: has a jti of its own [JAT-14]', async () => {
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => latchkey.post('/token', machine, { basic })),
    )
    const jtis = answers.map(({ json }) => decodeJws(json.access_token).claims.jti)
    expect(new Set(jtis)).to.have.lengthOf(20)
    for (const jti of jtis) expect(jti).to.be.a('string').with.length.above(21)
  })

  it('RFC 7515 section 2: is unpadded base64url, and no member stands in it twice [JAT-15 JAT-16]', async () => {
    const { access_token } = await latchkey.login()
    expect(access_token).to.match(/^[\w-]+\.[\w-]+\.[\w-]+$/)
    for (const part of access_token.split('.').slice(0, 2)) {
      const text = Buffer.from(part, 'base64url').toString()
      expect(JSON.stringify(JSON.parse(text))).to.equal(text)
    }
  })

  it('RFC 7518 section 3.4: has R and S in full length [JAT-21]', async () => {
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => latchkey.post('/token', machine, { basic })),
    )
    for (const { json } of answers) {
      const [, , signature = ''] = json.access_token.split('.')
      expect(Buffer.from(signature, 'base64url')).to.have.lengthOf(64)
    }
  })

  it('section 5: cannot be mixed up with another kind of JWT that we sign [JAT-18 JAT-20]', async () => {
    const { access_token } = await latchkey.login()
    const introspection = await latchkey.post(
      '/introspect',
      { token: access_token },
      {
        basic: `resource-server:${secret}`,
        headers: { Accept: 'application/token-introspection+jwt' },
      },
    )
    expect(decodeJws(introspection.text).header.typ).to.equal('token-introspection+jwt')
    const headers = { Authorization: `Bearer ${introspection.text}` }
    expect((await fetch(`${latchkey.issuer}/users/me`, { headers })).status).to.equal(401)
  })

  it('section 6: says nothing of the user that the API does not need [JAT-19]', async () => {
    const { access_token } = await latchkey.login()
    const { claims } = decodeJws(access_token)
    expect(Object.keys(claims)).to.have.members(
      'iss exp aud sub client_id iat jti scope auth_time amr sid'.split(' '),
    )
    expect(JSON.stringify(claims)).not.to.match(/johndoe|John Doe|example\.com/)
  })
})
