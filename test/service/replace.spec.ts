import { once } from 'node:events'
import { readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { connect } from 'node:tls'
import { expect } from 'chai'
import { makeCertificate } from '../parts/certificate.ts'
import { fixtureClients, type Latchkey, passwordGrant, startLatchkey } from '../parts/latchkey.ts'
import { startSteadyClients } from '../parts/steady-clients.ts'
import { temporaryFolder } from '../parts/temporary-folder.ts'
import { until } from '../parts/until.ts'

const lifetimeOf = async (server: Latchkey) => (await server.login()).expires_in
const withLifetime = (accessTokenLifetime: string) => ({
  apis: [{ audience: 'https://api.example', scopes: ['read'], accessTokenLifetime }],
})
/**
 * Stores that this process has open below the folder. SQLite keeps the file of a connection that was closed, for the
 * next one, while another holds a lock on it: it is there from the second connection on.
 */
const openFiles = (folder: string) =>
  readdirSync('/proc/self/fd').flatMap((fd) => {
    try {
      const path = readlinkSync(`/proc/self/fd/${fd}`)
      return path.startsWith(folder) && path.includes('.sqlite') ? [path] : []
    } catch {
      return []
    }
  })

describe('another configuration behind the same listener', () => {
  let server: Latchkey

  beforeEach(async () => {
    server = await startLatchkey({ metrics: { host: '127.0.0.1', port: 0 } })
  })
  afterEach(() => server.stop())

  it('ten times: no connection is refused and no request is lost', async function () {
    this.timeout(120_000)
    const clients = startSteadyClients({ url: `${server.issuer}/readyz` })
    await clients.answers(5)
    for (let minutes = 1; minutes <= 10; minutes++) {
      await server.replace(withLifetime(`${minutes}m`))
      expect(await lifetimeOf(server)).to.equal(minutes * 60)
      await clients.answers(5)
    }
    expect(await clients.stop()).to.deep.equal({})
  })

  it('keeps logins and revocations, and leaves nothing of the former one open', async () => {
    const { refresh_token, access_token } = await server.login()
    const revoked = await server.login()
    await server.post('/revoke', { token: revoked.refresh_token, client_id: 'web' })
    await server.replace({})
    const before = openFiles(server.folder).sort()
    await server.replace(withLifetime('1m'))
    expect(openFiles(server.folder).sort()).to.deep.equal(before)
    const refresh = (token: string) =>
      server.post('/token', {
        grant_type: 'refresh_token',
        refresh_token: token,
        client_id: 'web',
      })
    expect((await refresh(refresh_token)).status).to.equal(200)
    expect((await refresh(revoked.refresh_token)).json.error).to.equal('invalid_grant')
    const me = await fetch(`${server.issuer}/users/me`, {
      headers: { Authorization: `Bearer ${access_token}` },
    })
    // The API is no longer one with a profile.
    expect(me.status).to.equal(401)
  })

  it('a request that has begun is answered by the one it began with, and nothing is closed before', async () => {
    const body = new URLSearchParams(passwordGrant).toString()
    const slow = request(`${server.issuer}/token`, {
      method: 'POST',
      headers: {
        'Content-Type': 'application/x-www-form-urlencoded',
        'Content-Length': body.length,
      },
    })
    const answered = once(slow, 'response')
    slow.write(body.slice(0, 10))
    // A second connection is served, and so the first has arrived.
    await server.login()
    let done = false
    const replaced = server.replace(withLifetime('1m')).then(() => {
      done = true
    })
    await until(
      () => lifetimeOf(server),
      (lifetime) => lifetime === 60,
    )
    expect(done).to.equal(false)
    slow.end(body.slice(10))
    const [response] = await answered
    expect(JSON.parse(await text(response))).to.include({ expires_in: 300 })
    await replaced
  })

  it('who waits for news is answered', async () => {
    const feed = `${server.issuer}/revocations`
    const [, claims = ''] = (await (await fetch(feed)).text()).split('.')
    const { position } = JSON.parse(Buffer.from(claims, 'base64url').toString())
    const waiting = fetch(`${feed}?after=${encodeURIComponent(position)}&wait=25`)
    await until(
      async () => (await fetch(`${server.service.metricsUrl}/metrics`)).text(),
      (metrics) => metrics.includes('latchkey_revocation_followers_waiting 1'),
    )
    await server.replace(withLifetime('1m'))
    expect((await waiting).status).to.equal(200)
  })

  for (const [part, overrides] of [
    ['the state', { state: 'sqlite:/proc/state.sqlite' }],
    ['the keys', { keys: '/proc/keys' }],
  ] as const)
    it(`that fails at ${part} changes nothing, and leaves nothing open`, async () => {
      await server.replace({})
      const before = openFiles(server.folder).sort()
      const failed = await server.replace({ ...withLifetime('1m'), ...overrides }).then(
        () => 'replaced',
        (error: Error) => error.message,
      )
      expect(failed).not.to.equal('replaced')
      expect(openFiles(server.folder).sort()).to.deep.equal(before)
      expect(await lifetimeOf(server)).to.equal(300)
    })

  it('has its own clients', async () => {
    const client = { id: 'new', public: true, grants: ['password'] }
    const login = { ...passwordGrant, client_id: 'new' }
    expect((await server.post('/token', login)).json.error).to.equal('invalid_client')
    await server.replace({ clients: [...fixtureClients, client] })
    expect((await server.post('/token', login)).status).to.equal(200)
    await server.replace({})
    expect((await server.post('/token', login)).json.error).to.equal('invalid_client')
  })
})

describe('a certificate that was renewed', () => {
  it('is the one that new connections get', async () => {
    await using folder = await temporaryFolder()
    await using renewed = await temporaryFolder()
    const tls = makeCertificate(folder.path)
    const server = await startLatchkey({ tls })
    const shown = async () => {
      const socket = connect({
        port: Number(new URL(server.service.url).port),
        rejectUnauthorized: false,
      })
      await once(socket, 'secureConnect')
      const { serialNumber } = socket.getPeerCertificate()
      socket.destroy()
      return serialNumber
    }
    const first = await shown()
    const next = makeCertificate(renewed.path)
    for (const file of ['cert', 'key'] as const) writeFileSync(tls[file], readFileSync(next[file]))
    expect(await shown()).to.equal(first)
    await server.replace({})
    expect(await shown()).not.to.equal(first)
    writeFileSync(join(folder.path, 'key.pem'), 'spoiled')
    const spoiled = await server.replace({}).then(
      () => 'taken',
      () => 'refused',
    )
    expect(spoiled).to.equal('refused')
    expect(await shown()).not.to.equal(first)
    await server.stop()
  })
})
