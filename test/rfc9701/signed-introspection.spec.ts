import { expect } from 'chai'
import { createLocalJWKSet, jwtVerify } from 'jose'
import { hashSecret } from '../../src/clients/secrets.ts'
import { readJwks, readMetadata } from '../parts/documents.ts'
import { fixtureClients, type Latchkey, secret, startLatchkey } from '../parts/latchkey.ts'
import { decodeJws } from '../parts/server-key.ts'

describe('RFC 9701: signed introspection answers', () => {
  const mediaType = 'application/token-introspection+jwt'
  let latchkey: Latchkey
  let keys: ReturnType<typeof createLocalJWKSet>
  let token: string

  before(async () => {
    const api = { secrets: [hashSecret(secret)], introspectAll: true }
    latchkey = await startLatchkey({
      clients: [
        ...fixtureClients,
        { ...api, id: 'rsa-api', algorithm: 'RS256' },
        { ...api, id: 'opaque-api', apis: ['https://opaque.example'] },
      ],
    })
    keys = createLocalJWKSet(await readJwks(latchkey.issuer))
    token = (await latchkey.login()).access_token
  })

  after(() => latchkey.stop())

  const ask = (presented: string, Accept: string | undefined, by = 'resource-server') =>
    latchkey.post(
      '/introspect',
      { token: presented },
      { basic: `${by}:${secret}`, headers: Accept === undefined ? {} : { Accept } },
    )

  it('section 4: are given to those who ask for them by Accept [INT-16]', async () => {
    for (const accept of [mediaType, `${mediaType}, application/json;q=0.5`]) {
      const { status, headers } = await ask(token, accept)
      expect(status).to.equal(200)
      expect(headers.get('content-type'), accept).to.equal(mediaType)
      expect(headers.get('vary')).to.match(/Accept/)
      expect(headers.get('cache-control')).to.equal('no-store')
    }
    for (const accept of [
      undefined,
      '*/*',
      'application/json',
      `${mediaType};q=0.1, application/json`,
      'text/html',
      'application/jwt',
    ]) {
      const { headers, json } = await ask(token, accept)
      expect(headers.get('content-type'), accept).to.match(/^application\/json/)
      expect(json.active, accept).to.equal(true)
    }
  })

  it('section 5: are typed, addressed to the caller, and no token themselves [INT-17]', async () => {
    const { text } = await ask(token, mediaType)
    const { payload, protectedHeader } = await jwtVerify(text, keys, {
      typ: 'token-introspection+jwt',
      issuer: latchkey.issuer,
      audience: 'resource-server',
    })
    expect(protectedHeader).to.have.all.keys('alg', 'kid', 'typ')
    expect(payload).to.have.all.keys('iss', 'aud', 'iat', 'token_introspection')
    const { json } = await ask(token, undefined)
    expect(payload.token_introspection).to.deep.equal(json)
    expect(json.aud).to.equal('https://api.example')
  })

  it('section 6: are signed by the algorithm of the caller, which the metadata name [INT-17 MET-22]', async () => {
    const { text } = await ask(token, mediaType, 'rsa-api')
    const { protectedHeader } = await jwtVerify(text, keys, { audience: 'rsa-api' })
    expect(protectedHeader.alg).to.equal('RS256')
    const metadata = await readMetadata(latchkey.issuer)
    const algorithms = metadata.introspection_signing_alg_values_supported as string[]
    expect(algorithms).to.have.members(['ES256', 'RS256'])
  })

  it('section 5: say active false to a caller outside the audience, and of what is no token [INT-18 INT-05]', async () => {
    const inactive = { active: false }
    const outside = await ask(token, mediaType, 'opaque-api')
    expect(decodeJws(outside.text).claims.token_introspection).to.deep.equal(inactive)
    const unknown = await ask('unknown', mediaType)
    expect(decodeJws(unknown.text).claims.token_introspection).to.deep.equal(inactive)
    const inside = await latchkey.login({ scope: 'peek' })
    const told = await ask(inside.access_token, mediaType, 'opaque-api')
    expect(decodeJws(told.text).claims.token_introspection).to.include({ active: true })
  })

  it('section 5: are not given for what goes wrong, which is JSON [INT-16 HTTP-22]', async () => {
    const wrong = await latchkey.post(
      '/introspect',
      { token },
      { basic: 'resource-server:wrong', headers: { Accept: mediaType } },
    )
    expect([wrong.status, wrong.json.error]).to.deep.equal([401, 'invalid_client'])
    const missing = await latchkey.post(
      '/introspect',
      {},
      { basic: `resource-server:${secret}`, headers: { Accept: mediaType } },
    )
    expect([missing.status, missing.json.error]).to.deep.equal([400, 'invalid_request'])
  })

  it('section 8.1: are no access tokens, nor introspected as one [JAT-20 JOS-13]', async () => {
    const { text } = await ask(token, mediaType)
    const headers = { Authorization: `Bearer ${text}` }
    expect((await fetch(`${latchkey.issuer}/users/me`, { headers })).status).to.equal(401)
    expect((await ask(text, undefined)).json).to.deep.equal({ active: false })
  })
})
