import { expect } from 'chai'
import { hashSecret } from '../../src/clients/secrets.ts'
import { examineConfig, nothingOutside } from '../../src/config/load.ts'
import { type JsonDocument, readDocument } from '../parts/documents.ts'
import { makeKey } from '../parts/issuer.ts'
import { fixtureApis, type Latchkey, secret, startLatchkey } from '../parts/latchkey.ts'
import { exchange } from '../parts/raw-socket.ts'

const wellKnown = '/.well-known/oauth-authorization-server'
const openid = '/.well-known/openid-configuration'

const confidential = { secrets: [hashSecret(secret)] }

describe('RFC 8414: authorization server metadata', () => {
  let latchkey: Latchkey
  let metadata: JsonDocument

  before(async () => {
    latchkey = await startLatchkey()
    metadata = await readDocument(latchkey.issuer + wellKnown)
  })

  after(() => latchkey.stop())

  it('section 3.2: is a JSON object, for everybody [MET-02 BCP-03]', async () => {
    const response = await fetch(latchkey.issuer + wellKnown)
    expect(response.status).to.equal(200)
    expect(response.headers.get('content-type')).to.match(/^application\/json/)
    expect(response.headers.get('access-control-allow-origin')).to.equal('*')
  })

  it('section 3.3: has the issuer that was asked [MET-03]', () => {
    expect(metadata.issuer).to.equal(latchkey.issuer)
  })

  it('section 2: has its endpoints under the issuer, whatever Host says [MET-05 MET-11 TOK-03]', async () => {
    const request = [
      `GET ${wellKnown} HTTP/1.1`,
      'Host: evil.example',
      'X-Forwarded-Host: evil.example',
      'Forwarded: host=evil.example;proto=https',
      'Connection: close',
      '',
      '',
    ]
    const { json } = await exchange(latchkey.service.url, request.join('\r\n'))
    expect(json).to.deep.equal(metadata)
    const { issuer } = latchkey
    expect(metadata).to.include({
      token_endpoint: `${issuer}/token`,
      revocation_endpoint: `${issuer}/revoke`,
      introspection_endpoint: `${issuer}/introspect`,
      jwks_uri: `${issuer}/.well-known/jwks.json`,
    })
  })

  it('section 2: leaves out the response types, as there is no authorization endpoint [MET-06]', () => {
    expect(metadata).not.to.include.any.keys('response_types_supported', 'authorization_endpoint')
  })

  it('section 3.2: has nothing empty or null [MET-07]', async () => {
    const bare = await startLatchkey({
      apis: [{ audience: 'https://api.example' }],
      clients: [{ id: 'idle', ...confidential }],
    })
    try {
      const documents = [
        metadata,
        await readDocument(latchkey.issuer + openid),
        await readDocument(bare.issuer + wellKnown),
      ]
      for (const document of documents) {
        for (const [name, value] of Object.entries(document)) {
          expect(value, name).not.to.equal(null)
          if (typeof value !== 'boolean') expect(value, name).not.to.be.empty
        }
      }
      expect(documents[2]).not.to.include.any.keys('scopes_supported', 'grant_types_supported')
    } finally {
      await bare.stop()
    }
  })

  it('section 2: names the grants that some client has, and they work [MET-08 ROP-15]', async () => {
    expect(metadata.grant_types_supported).to.have.members([
      'password',
      'refresh_token',
      'client_credentials',
    ])
    const machines = await startLatchkey({
      clients: [{ id: 'service', ...confidential, grants: ['client_credentials'] }],
    })
    try {
      const { grant_types_supported } = await readDocument(machines.issuer + wellKnown)
      expect(grant_types_supported).to.deep.equal(['client_credentials'])
    } finally {
      await machines.stop()
    }
  })

  it('section 2: names the ways in which some client authenticates, at each endpoint [MET-09 MET-11 CLI-22]', async () => {
    const secretMethods = ['client_secret_basic', 'client_secret_post']
    expect(metadata.token_endpoint_auth_methods_supported).to.have.members([
      'none',
      ...secretMethods,
    ])
    expect(metadata.revocation_endpoint_auth_methods_supported).to.have.members([
      'none',
      ...secretMethods,
    ])
    expect(metadata.introspection_endpoint_auth_methods_supported).to.have.members(secretMethods)
    const form = { grant_type: 'client_credentials' }
    const inBody = { ...form, client_id: 'app', client_secret: secret }
    expect((await latchkey.post('/token', form, { basic: `app:${secret}` })).status).to.equal(200)
    expect((await latchkey.post('/token', inBody)).status).to.equal(200)
    expect((await latchkey.login()).token_type).to.equal('Bearer')
  })

  it('section 2: names the algorithms of assertions where they are taken, never none [MET-10]', async () => {
    const member = 'token_endpoint_auth_signing_alg_values_supported'
    expect(metadata).not.to.have.property(member)
    const signers = await startLatchkey({
      clients: [
        { id: 's', authentication: 'private_key_jwt', jwks: { keys: [makeKey().publicJwk] } },
      ],
    })
    try {
      const document = await readDocument(signers.issuer + wellKnown)
      for (const endpoint of ['token', 'revocation', 'introspection']) {
        expect(document[`${endpoint}_endpoint_auth_methods_supported`]).to.deep.equal([
          'private_key_jwt',
        ])
        expect(document[`${endpoint}_endpoint_auth_signing_alg_values_supported`]).to.deep.equal([
          'ES256',
          'RS256',
          'PS256',
          'EdDSA',
        ])
      }
    } finally {
      await signers.stop()
    }
  })

  it('section 2: names the scopes [MET-12]', () => {
    const scopes = fixtureApis.flatMap((api) => api.scopes)
    expect(metadata.scopes_supported).to.have.members(scopes)
  })

  it('RFC 9449 section 5.1, RFC 9701 section 7: names the algorithms of proofs and signed answers [MET-17 MET-22]', () => {
    expect(metadata.dpop_signing_alg_values_supported).to.deep.equal([
      'ES256',
      'RS256',
      'PS256',
      'EdDSA',
    ])
    expect(metadata.introspection_signing_alg_values_supported).to.deep.equal(['ES256'])
  })

  it('section 3.1: is had by GET and HEAD, and nothing else [MET-14]', async () => {
    const ask = (method: string) => fetch(latchkey.issuer + wellKnown, { method })
    expect((await ask('HEAD')).status).to.equal(200)
    for (const method of ['POST', 'PUT', 'DELETE', 'PATCH']) {
      const response = await ask(method)
      expect(response.status, method).to.equal(405)
      expect(response.headers.get('allow'), method).to.match(/GET/)
    }
  })

  it('section 5: agrees with openid-configuration, which has what OpenID Connect requires [MET-15 MET-06]', async () => {
    const document = await readDocument(latchkey.issuer + openid)
    expect(document).to.deep.include(metadata)
    expect(document.response_types_supported).to.deep.equal(['none'])
    const url = String(document.authorization_endpoint)
    const response = await fetch(`${url}?response_type=none&client_id=web`, { redirect: 'manual' })
    expect(response.status).to.equal(400)
    expect(await response.json()).to.include({ error: 'unauthorized_client' })
  })

  it('section 3: stands between host and path of an issuer that has one [MET-01 MET-03]', async () => {
    const port = Number(new URL(latchkey.issuer).port)
    const issuer = `http://127.0.0.1:${port}/tenant/one`
    const below = await startLatchkey({ issuer })
    try {
      const { origin } = new URL(below.service.url)
      for (const path of [
        `${wellKnown}/tenant/one`,
        `/tenant/one${wellKnown}`,
        `${openid}/tenant/one`,
        `/tenant/one${openid}`,
      ]) {
        const document = await readDocument(origin + path)
        expect(document.issuer, path).to.equal(issuer)
        expect(document.token_endpoint, path).to.equal(`${issuer}/token`)
      }
      for (const path of [wellKnown, '/token', `${wellKnown}/tenant`, `${wellKnown}/tenant/one/`]) {
        expect((await fetch(origin + path)).status, path).to.equal(404)
      }
      expect((await below.login()).token_type).to.equal('Bearer')
    } finally {
      await below.stop()
    }
  })

  it('section 2: the issuer is https, without query and fragment [MET-04 JWK-10]', () => {
    const faults = (issuer: string) =>
      examineConfig(
        JSON.stringify({ issuer, apis: fixtureApis, users: [{ type: 'embedded', path: 'u' }] }),
        'latchkey.yaml',
        nothingOutside,
      ).faults.filter(({ path }) => path === 'issuer')
    expect(faults('https://auth.example')).to.deep.equal([])
    expect(faults('http://127.0.0.1:8000')).to.deep.equal([])
    for (const issuer of [
      'http://auth.example',
      'https://auth.example?a=b',
      'https://auth.example#a',
      'https://auth.example/',
      'https://user@auth.example',
      'ftp://auth.example',
      'auth.example',
    ]) {
      expect(faults(issuer), issuer).not.to.be.empty
    }
  })
})
