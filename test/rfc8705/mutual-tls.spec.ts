import { Agent } from 'node:https'
import type { SecureVersion } from 'node:tls'
import { expect } from 'chai'
import { hashSecret } from '../../src/clients/secrets.ts'
import { examineConfig, nothingOutside } from '../../src/config/load.ts'
import { type Certificate, makeCertificate } from '../parts/certificates.ts'
import { readMetadata } from '../parts/documents.ts'
import {
  fixtureApis,
  fixtureClients,
  type Latchkey,
  passwordGrant,
  secret,
  startLatchkey,
} from '../parts/latchkey.ts'
import { freePort } from '../parts/port.ts'
import { exchange, formRequest } from '../parts/raw-socket.ts'
import { decodeJws } from '../parts/server-key.ts'
import { temporaryFolder } from '../parts/temporary-folder.ts'
import { tlsRequest } from '../parts/tls-request.ts'

const machine = { grant_type: 'client_credentials', scope: 'read' }

describe('RFC 8705: client certificates', () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>
  let authority: Certificate
  /** Issued by the authority, by the name of the client. */
  const issued: Record<string, Certificate> = {}
  let selfSigned: Certificate
  let other: Certificate
  let server: Certificate

  const subject = '/C=DE/O=Exämple, Inc./UID=7+CN=Client One'
  const names =
    'DNS:client.example,URI:spiffe://example/client,IP:192.0.2.7,email:client@example.org'
  const registered = {
    // RFC 4514: from the last RDN to the first, and the comma escaped; within an RDN any order.
    'tls-dn': { subjectDn: 'cn=Client One+UID=7, O=Ex\\C3\\A4mple\\, Inc., C=DE' },
    'tls-dns': { sanDns: 'client.example' },
    'tls-uri': { sanUri: 'spiffe://example/client' },
    'tls-ip': { sanIp: '192.0.2.7' },
    'tls-email': { sanEmail: 'client@example.org' },
  }

  function clients() {
    const jwk = selfSigned.x509.publicKey.export({ format: 'jwk' })
    const x5c = [selfSigned.x509.raw.toString('base64')]
    return [
      ...fixtureClients,
      ...Object.entries(registered).map(([id, certificate]) => ({
        id,
        authentication: 'tls_client_auth',
        certificate,
        grants: ['client_credentials', 'password', 'refresh_token'],
        certificateBound: true,
      })),
      {
        id: 'self-signed',
        authentication: 'self_signed_tls_client_auth',
        jwks: { keys: [{ ...jwk, x5c }] },
        grants: ['client_credentials'],
        certificateBound: true,
      },
      {
        id: 'bound-app',
        secrets: [hashSecret(secret)],
        grants: ['client_credentials'],
        certificateBound: true,
      },
      {
        id: 'bound-web',
        public: true,
        grants: ['password', 'refresh_token'],
        certificateBound: true,
      },
    ]
  }

  before(async () => {
    folder = await temporaryFolder()
    const make = (parts: Parameters<typeof makeCertificate>[1]) =>
      makeCertificate(folder.path, parts)
    authority = make({ subject: '/CN=authority' })
    server = make({ subject: '/CN=localhost', names: 'DNS:localhost,IP:127.0.0.1' })
    issued.client = make({ subject, names, by: authority })
    issued.stranger = make({
      subject: '/C=DE/O=Exämple, Inc./UID=7+CN=Client Two',
      names: 'DNS:a.client.example,URI:spiffe://example/other,IP:192.0.2.8,email:b@example.org',
      by: authority,
    })
    selfSigned = make({ subject, names })
    other = make({ subject, names })
  })

  after(() => folder[Symbol.asyncDispose]())

  describe('over our own TLS', () => {
    let latchkey: Latchkey
    let url: string

    before(async () => {
      const port = await freePort()
      latchkey = await startLatchkey({
        issuer: `https://127.0.0.1:${port}`,
        listen: { host: '127.0.0.1', port },
        tls: { cert: server.certFile, key: server.keyFile, clientCa: authority.certFile },
        // Even where a proxy could pass one on, a client that comes by itself cannot.
        proxy: { trusted: ['192.0.2.0/24'], clientCertificateHeader: 'Client-Cert' },
        clients: clients(),
      })
      url = latchkey.issuer
    })

    after(() => latchkey.stop())

    const ask = (
      certificate: Certificate | undefined,
      form: Record<string, string>,
      headers?: Record<string, string>,
      path = '/token',
    ) => tlsRequest(url + path, certificate, { form, ...(headers && { headers }) })
    const basic = (id: string) => ({
      Authorization: `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`,
    })

    for (const id of Object.keys(registered)) {
      it(`section 2.1: ${id} authenticates by its one name, and others do not [MTL-02 MTL-08 CLI-23]`, async () => {
        const { status, json } = await ask(issued.client, { ...machine, client_id: id })
        expect(json.token_type).to.equal('Bearer')
        expect(status).to.equal(200)
        for (const certificate of [issued.stranger, selfSigned, undefined]) {
          const refusal = await ask(certificate, { ...machine, client_id: id })
          expect(refusal.status).to.equal(401)
          expect(refusal.json.error).to.equal('invalid_client')
          expect(refusal.challenge).to.match(/^Basic /)
        }
      })
    }

    it('section 2.1: a resumed session is no better than the first [MTL-08]', async () => {
      const statuses = async (certificate: Certificate | undefined, maxVersion: SecureVersion) => {
        const agent = new Agent({ maxCachedSessions: 1, maxVersion })
        const form = { ...machine, client_id: 'tls-dns' }
        const answers = []
        for (let round = 0; round < 3; round++) {
          answers.push(await tlsRequest(`${url}/token`, certificate, { form, agent }))
        }
        return answers.map(({ status }) => status)
      }
      for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
        expect(await statuses(issued.client, version)).to.deep.equal([200, 200, 200])
        expect(await statuses(selfSigned, version)).to.deep.equal([401, 401, 401])
      }
    })

    it('section 2.2: a self-signed certificate is the one that is registered [MTL-03]', async () => {
      const form = { ...machine, client_id: 'self-signed' }
      expect((await ask(selfSigned, form)).status).to.equal(200)
      for (const certificate of [other, issued.client, undefined]) {
        const { status, json } = await ask(certificate, form)
        expect([status, json.error]).to.deep.equal([401, 'invalid_client'])
      }
    })

    it('section 2: a certificate does not say which client it is of [MTL-01]', async () => {
      for (const certificate of [issued.client, selfSigned]) {
        const { status, json } = await ask(certificate, machine)
        expect([status, json.error]).to.deep.equal([401, 'invalid_client'])
      }
    })

    it('section 2: a certificate is no secret, and a secret no certificate [MTL-02]', async () => {
      const answers = [
        await ask(issued.client, { ...machine, client_id: 'app' }),
        await ask(issued.client, machine, basic('tls-dn')),
        await ask(issued.client, { ...machine, client_id: 'tls-dn', client_secret: secret }),
      ]
      for (const { status, json } of answers) {
        expect([status, json.error]).to.deep.equal([401, 'invalid_client'])
      }
    })

    it('section 6.5: a header from a client counts for nothing [MTL-07 BCP-04]', async () => {
      const header = { 'Client-Cert': `:${issued.client?.x509.raw.toString('base64')}:` }
      for (const certificate of [undefined, issued.stranger]) {
        const form = { ...machine, client_id: 'tls-dn' }
        expect((await ask(certificate, form, header)).status).to.equal(401)
      }
    })

    it('section 3.1: tokens are bound to the certificate [MTL-04 BCP-01]', async () => {
      const cnf = { 'x5t#S256': issued.client?.thumbprint }
      const { json } = await ask(issued.client, { ...machine, client_id: 'tls-dn' })
      expect(decodeJws(String(json.access_token)).claims.cnf).to.deep.equal(cnf)
      const app = await ask(issued.client, machine, basic('bound-app'))
      expect(decodeJws(String(app.json.access_token)).claims.cnf).to.deep.equal(cnf)
      const without = await ask(undefined, machine, basic('bound-app'))
      expect(without.status).to.equal(400)
      const unbound = await ask(issued.client, machine, basic('app'))
      expect(decodeJws(String(unbound.json.access_token)).claims).not.to.have.property('cnf')
    })

    it('section 3.2: introspection shows the binding [INT-20]', async () => {
      const { json } = await ask(issued.client, { ...machine, client_id: 'tls-dn' })
      const form = { token: String(json.access_token) }
      const answer = await ask(undefined, form, basic('resource-server'), '/introspect')
      expect(answer.json).to.deep.include({
        active: true,
        token_type: 'Bearer',
        cnf: { 'x5t#S256': issued.client?.thumbprint },
      })
    })

    it('section 3: the resource wants the same certificate [MTL-05]', async () => {
      const login = { ...passwordGrant, client_id: 'bound-web' }
      const { json } = await ask(selfSigned, login)
      const headers = { Authorization: `Bearer ${json.access_token}` }
      const me = (certificate?: Certificate) =>
        tlsRequest(`${url}/users/me`, certificate, { headers })
      expect((await me(selfSigned)).json.username).to.equal('johndoe')
      for (const certificate of [other, issued.client, undefined]) {
        const { status, challenge } = await me(certificate)
        expect(status).to.equal(401)
        expect(challenge).to.match(/error="invalid_token"/)
      }
    })

    it('section 4: refresh tokens of public clients are bound as well [MTL-06]', async () => {
      const { json } = await ask(selfSigned, { ...passwordGrant, client_id: 'bound-web' })
      const form = {
        grant_type: 'refresh_token',
        refresh_token: String(json.refresh_token),
        client_id: 'bound-web',
      }
      for (const certificate of [other, undefined]) {
        const refusal = await ask(certificate, form)
        expect([refusal.status, refusal.json.error]).to.deep.equal([400, 'invalid_grant'])
      }
      const refreshed = await ask(selfSigned, form)
      expect(refreshed.status, 'a refusal spends nothing').to.equal(200)
      const again = { ...form, refresh_token: String(refreshed.json.refresh_token) }
      const introspection = await ask(
        undefined,
        { token: again.refresh_token },
        basic('resource-server'),
        '/introspect',
      )
      expect(introspection.json, 'a refresh token is for its client').to.deep.equal({
        active: false,
      })
    })

    it('section 3.3: the metadata say so [MET-18 MET-09]', async () => {
      const path = '/.well-known/oauth-authorization-server'
      const { json } = await tlsRequest(url + path, undefined)
      expect(json.tls_client_certificate_bound_access_tokens).to.equal(true)
      expect(json.token_endpoint_auth_methods_supported).to.include.members([
        'tls_client_auth',
        'self_signed_tls_client_auth',
      ])
      expect(json).not.to.have.property('mtls_endpoint_aliases')
    })
  })

  describe('section 6.5, RFC 9440: from a proxy', () => {
    let latchkey: Latchkey

    before(async () => {
      latchkey = await startLatchkey({
        proxy: { trusted: ['127.0.0.0/8'], clientCertificateHeader: 'Client-Cert' },
        clients: clients(),
      })
    })

    after(() => latchkey.stop())

    const pem = (certificate?: Certificate) => encodeURIComponent(certificate?.cert ?? '')
    const der = (certificate?: Certificate) => `:${certificate?.x509.raw.toString('base64')}:`
    const ask = (id: string, header: string | undefined) =>
      latchkey.post(
        '/token',
        { ...machine, client_id: id },
        { headers: header === undefined ? {} : { 'Client-Cert': header } },
      )

    it('its header stands for the certificate, as PEM or as DER [MTL-07]', async () => {
      for (const encode of [pem, der]) {
        for (const id of Object.keys(registered)) {
          const { json } = await ask(id, encode(issued.client))
          expect(decodeJws(json.access_token).claims.cnf, id).to.deep.equal({
            'x5t#S256': issued.client?.thumbprint,
          })
          expect((await ask(id, encode(issued.stranger))).status, id).to.equal(401)
        }
        expect((await ask('self-signed', encode(selfSigned))).status).to.equal(200)
        expect((await ask('self-signed', encode(other))).status).to.equal(401)
      }
    })

    it('without it, or with two or nonsense in it, there is no certificate [MTL-07 MTL-01]', async () => {
      const good = der(issued.client)
      for (const header of [undefined, '', 'x', '%', ':AAAA:', '::', `${good}, ${good}`]) {
        const { status, json } = await ask('tls-dn', header)
        expect([status, json.error], header).to.deep.equal([401, 'invalid_client'])
      }
    })

    it('two of it may be from the client and from the proxy, so neither counts [MTL-07]', async () => {
      const form = `${new URLSearchParams({ ...machine, client_id: 'tls-dn' })}`
      const field = `Client-Cert: ${der(issued.client)}`
      const send = (fields: string[]) =>
        exchange(latchkey.service.url, formRequest('/token', form, fields))
      expect((await send([field])).status).to.equal(200)
      expect((await send([field, field])).status).to.equal(401)
    })

    it('GET /users/me takes a bound token with it [MTL-05]', async () => {
      const headers = { 'Client-Cert': der(selfSigned) }
      const login = { ...passwordGrant, client_id: 'bound-web' }
      const { json } = await latchkey.post('/token', login, { headers })
      const me = (certificate?: Certificate) =>
        fetch(`${latchkey.issuer}/users/me`, {
          headers: {
            Authorization: `Bearer ${json.access_token}`,
            ...(certificate && { 'Client-Cert': der(certificate) }),
          },
        })
      expect((await me(selfSigned)).status).to.equal(200)
      expect((await me(other)).status).to.equal(401)
      expect((await me()).status).to.equal(401)
    })
  })

  it('section 2.1: a proxy that lets any certificate through is not taken at its word [MTL-08 MTL-02]', async () => {
    const forger = makeCertificate(folder.path, { subject: '/CN=authority' })
    const forged = makeCertificate(folder.path, { subject, names, by: forger })
    const below = makeCertificate(folder.path, { subject, names, by: selfSigned })
    const latchkey = await startLatchkey({
      proxy: {
        trusted: ['127.0.0.0/8'],
        clientCertificateHeader: 'X-Client-Cert',
        clientCa: authority.certFile,
      },
      clients: clients(),
    })
    const ask = async (client_id: string, { cert }: Certificate) => {
      const headers = { 'X-Client-Cert': encodeURIComponent(cert) }
      return (await latchkey.post('/token', { ...machine, client_id }, { headers })).status
    }
    try {
      for (const id of Object.keys(registered)) {
        if (issued.client) expect(await ask(id, issued.client), id).to.equal(200)
        for (const certificate of [selfSigned, forged, below]) {
          expect(await ask(id, certificate), id).to.equal(401)
        }
      }
      expect(await ask('self-signed', selfSigned)).to.equal(200)
    } finally {
      await latchkey.stop()
    }
  })

  it('section 6.5: the header of a peer that is no proxy of ours is not read [MTL-07 BCP-04]', async () => {
    const latchkey = await startLatchkey({
      proxy: { trusted: ['192.0.2.0/24'], clientCertificateHeader: 'Client-Cert' },
      clients: clients(),
    })
    try {
      const certificate = issued.client?.x509.raw.toString('base64')
      const headers = { 'Client-Cert': `:${certificate}:`, 'X-Forwarded-For': '192.0.2.1' }
      const answer = await latchkey.post('/token', { ...machine, client_id: 'tls-dn' }, { headers })
      expect([answer.status, answer.json.error]).to.deep.equal([401, 'invalid_client'])
    } finally {
      await latchkey.stop()
    }
  })

  it('section 2.1.2: a client is registered with exactly one name, where certificates can arrive [MTL-02]', () => {
    const faults = (client: object, more: object = {}) =>
      examineConfig(
        JSON.stringify({
          issuer: 'http://127.0.0.1:8000',
          apis: fixtureApis,
          users: [{ type: 'embedded', path: 'users.sqlite' }],
          clients: [{ id: 'tls', authentication: 'tls_client_auth', ...client }],
          proxy: { trusted: ['10.0.0.0/8'], clientCertificateHeader: 'Client-Cert' },
          ...more,
        }),
        'latchkey.yaml',
        nothingOutside,
      ).faults.map(({ message }) => message)
    const certificate = { sanDns: 'client.example' }
    expect(faults({ certificate })).to.deep.equal([])
    expect(faults({}).join()).to.match(/exactly one/)
    expect(faults({ certificate: { ...certificate, sanUri: 'a:b' } }).join()).to.match(
      /exactly one/,
    )
    const nowhere = { proxy: { trusted: ['10.0.0.0/8'] } }
    expect(faults({ certificate }, nowhere).join()).to.match(/no client certificate arrives/)
    const both = { certificate, dpopBound: true, certificateBound: true }
    expect(faults(both).join()).to.match(/bound to a certificate already/)
    const web = { authentication: undefined, public: true, certificateBound: true }
    expect(faults(web, nowhere).join()).to.match(/no client certificate arrives/)
  })

  it('section 3.3: the metadata are silent where no certificate can arrive [MET-18]', async () => {
    const latchkey = await startLatchkey()
    try {
      const metadata = await readMetadata(latchkey.issuer)
      expect(metadata).not.to.have.property('tls_client_certificate_bound_access_tokens')
      expect(metadata.token_endpoint_auth_methods_supported).not.to.include('tls_client_auth')
    } finally {
      await latchkey.stop()
    }
  })
})
