import { once } from 'node:events'
import { createServer } from 'node:http'
import { connect, createServer as createTcpServer, type Server } from 'node:net'
import { expect } from 'chai'
import { createVerifier } from '../../src/resource-server/index.ts'
import { makeKey, signCompact, startIssuer } from '../parts/issuer.ts'
import { type Latchkey, passwordGrant, secret, startLatchkey } from '../parts/latchkey.ts'
import { listen } from '../parts/listen.ts'
import { decodeJws } from '../parts/server-key.ts'
import { until } from '../parts/until.ts'
import { outcomeOf, processorTime } from './scene.ts'

interface Canary {
  /** Ways to say where it is: by name, by address, by way of a redirect. */
  readonly urls: readonly string[]
  readonly calls: () => number
  close(): Promise<void>
}

/** Listens on IPv4 and IPv6 loopback and counts connections; a third listener redirects to it. */
async function startCanary(): Promise<Canary> {
  let calls = 0
  const count = () => {
    calls += 1
  }
  const target = createServer((_, response) => response.end('{"keys":[]}')).on('connection', count)
  const { port, url, close } = await listen(target)
  const six: Server = createTcpServer((socket) => socket.destroy()).on('connection', count)
  six.listen(port, '::1')
  await once(six, 'listening')
  const redirecting = createServer((_, response) =>
    response.writeHead(302, { location: `${url}/jwks` }).end(),
  ).on('connection', count)
  const detour = await listen(redirecting)
  const hosts = ['127.0.0.1', 'localhost', '[::1]', '[::ffff:127.0.0.1]', '2130706433', '0x7f.1']
  return {
    urls: [
      ...hosts.map((host) => `http://${host}:${port}/jwks`),
      `${detour.url}/jwks`,
      `http://user@127.0.0.1:${port}/jwks`,
      // Stands for what cannot listen here: the metadata of a cloud, and a name that changes its address.
      'http://169.254.169.254/latest/meta-data/',
    ],
    calls: () => calls,
    async close() {
      await detour.close()
      await close()
      six.close()
      await once(six, 'close')
    },
  }
}

describe('advisories: URLs that a client hands in are never fetched', () => {
  let server: Latchkey
  let canary: Canary
  before(async () => {
    canary = await startCanary()
    server = await startLatchkey()
  })
  after(async () => {
    await server.stop()
    await canary.close()
  })
  beforeEach('the canary sings', async () => {
    const before = canary.calls()
    const { port, hostname } = new URL(canary.urls[0] ?? '')
    const socket = connect(Number(port), hostname)
    await once(socket, 'connect')
    socket.destroy()
    await until(canary.calls, (calls) => calls === before + 1)
  })
  /** Requests that hand a URL in; afterwards nobody has called it. */
  async function silent(requests: (url: string) => Promise<unknown>[]) {
    const before = canary.calls()
    for (const url of canary.urls) await Promise.all(requests(url))
    // What was under way when the answers came would have connected by the time of another round.
    await server.post('/token', passwordGrant)
    expect(canary.calls() - before).to.equal(0)
  }
  const basic = `app:${secret}`

  it('CVE-2026-1180 Keycloak: jwks_uri and the URLs of a registration', async () => {
    await silent((url) => {
      const registration = {
        redirect_uris: [url],
        jwks_uri: url,
        logo_uri: url,
        sector_identifier_uri: url,
        token_endpoint_auth_method: 'private_key_jwt',
      }
      const register = (path: string) =>
        fetch(server.issuer + path, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify(registration),
        }).then(({ status }) => expect(status, path).to.be.oneOf([404, 405]))
      return [
        ...['/reg', '/register', '/connect/register'].map(register),
        server.post('/token', { ...passwordGrant, jwks_uri: url, sector_identifier_uri: url }),
        server
          .post('/token', { ...passwordGrant, client_id: url })
          .then(({ status }) => expect(status).to.be.oneOf([400, 401])),
      ]
    })
  })

  it('CVE-2026-54885 Boruta: request_uri', async () => {
    await silent((url) => {
      const query = new URLSearchParams({
        ...{ client_id: 'web', response_type: 'code', redirect_uri: url, request_uri: url },
        request: signCompact({ alg: 'ES256', jku: url }, { request_uri: url }, makeKey()),
      })
      const visit = (path: string, method = 'GET') =>
        fetch(`${server.issuer}${path}?${query}`, { method, redirect: 'manual' }).then(
          ({ status }) => expect(status, path).to.be.within(400, 405),
        )
      return [
        visit('/auth'),
        visit('/authorize'),
        visit('/par', 'POST'),
        visit('/request', 'POST'),
        server.post('/token', { ...passwordGrant, request_uri: url, request: url }),
        server
          .post('/token', { ...passwordGrant, resource: url })
          .then((answer) => expect(outcomeOf(answer)).to.equal('400 invalid_target')),
      ]
    })
  })

  it('RFC 8725 section 3.10: jku, x5u and iss of a JWT, and headers that name a host', async () => {
    const stranger = makeKey()
    const { access_token } = await server.login()
    const { claims } = decodeJws(access_token)
    await silent((url) => {
      const header = { alg: 'ES256', typ: 'at+jwt', jku: url, x5u: url, kid: url }
      const token = signCompact(header, { ...claims, iss: new URL(url).origin }, stranger)
      const proof = signCompact({ ...header, typ: 'dpop+jwt' }, { htu: url, htm: 'POST' }, stranger)
      const assertion = {
        client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
        client_assertion: token,
      }
      const { host } = new URL(url)
      const naming = {
        Origin: url,
        Referer: url,
        'X-Forwarded-Host': host,
        Forwarded: `host=${host}`,
      }
      return [
        server.post('/introspect', { token }, { basic }),
        server.post('/revoke', { token }, { basic }),
        server.post('/token', passwordGrant, { headers: { DPoP: proof } }),
        server.post('/token', passwordGrant, { headers: naming }),
        server.post('/token', { grant_type: 'client_credentials', ...assertion }),
        fetch(`${server.issuer}/users/me`, { headers: { authorization: `Bearer ${token}` } }),
      ]
    })
  })

  it('CVE-2026-22036 undici: an answer was decompressed as often as it said', async () => {
    const key = makeKey()
    const issuer = await startIssuer([key])
    issuer.instead = (_, response) => {
      const codings = Array(1500).fill('gzip').join(', ')
      response.writeHead(200, { 'content-type': 'application/json', 'content-encoding': codings })
      response.end(Buffer.alloc(1000))
    }
    try {
      const verifier = createVerifier({ issuer: issuer.url, audience: 'https://api.example' })
      const now = Math.floor(Date.now() / 1000)
      const claims = { iss: issuer.url, aud: 'https://api.example', exp: now + 60, iat: now }
      const header = { alg: 'ES256', typ: 'at+jwt', kid: key.kid }
      const token = signCompact(header, { ...claims, sub: 'a', client_id: 'a', jti: 'a' }, key)
      let refusal = ''
      const spent = await processorTime(() =>
        verifier.verify(token).catch((error: Error) => {
          refusal = error.name
        }),
      )
      expect(refusal).to.equal('VerificationUnavailable')
      expect(spent, 'ms of processor time').to.be.below(1000)
    } finally {
      await issuer.close()
    }
  })
})
