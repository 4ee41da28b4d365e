import { expect } from 'chai'
import { hashSecret } from '../../src/clients/secrets.ts'
import { claimIn } from '../parts/feed.ts'
import { startKillableServer } from '../parts/killable-server.ts'
import {
  cheaply,
  fixtureApis,
  fixtureClients,
  type Latchkey,
  passwordGrant,
  secret,
  startLatchkey,
  type TokenAnswer,
} from '../parts/latchkey.ts'
import { until } from '../parts/until.ts'
import { isActive, outcomeOf, postTo, refreshing, sameServer } from './scene.ts'

const audience = 'https://admin.example'
const scope = 'latchkey:admin'
const short = { id: 'short', public: true, grants: ['password', 'refresh_token'] }
const kinds = ['everything', 'client', 'user'] as const
type Kind = (typeof kinds)[number]

describe('advisories: what was ended stays ended', () => {
  let server: Latchkey
  before(async () => {
    server = await startLatchkey({
      apis: [...fixtureApis, { audience, scopes: [scope] }],
      clients: [
        ...fixtureClients,
        { ...short, accessTokenLifetime: 1, refresh: { idle: 1, absolute: 1 } },
        {
          id: 'office',
          secrets: [hashSecret(secret)],
          grants: ['client_credentials'],
          scopes: [scope],
        },
      ],
      administration: { audience },
    })
    for (const username of ['leaver', 'locked']) {
      await server.accounts.add({ username, hash: await cheaply('secret') })
    }
  })
  after(() => server.stop())

  async function cutOff(kind: Kind, token: string, before?: number) {
    const order = {
      everything: { everything: true },
      client: { client: claimIn(token, 'client_id') },
      user: { user: claimIn(token, 'sub') },
    }[kind]
    const at = before === undefined ? {} : { before: new Date(before).toISOString() }
    // In the second in which everything was cut off, the administrator's new token is cut off too.
    await until(
      () => administer({ ...order, ...at }),
      (status) => status === 200,
    )
  }
  async function administer(order: object) {
    const form = { grant_type: 'client_credentials', scope, resource: audience }
    const { json } = await server.post('/token', form, { basic: `office:${secret}` })
    const { access_token: token } = json
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }
    const body = JSON.stringify(order)
    const answer = await fetch(`${server.issuer}/admin/revocations`, {
      method: 'POST',
      headers,
      body,
    })
    await answer.text()
    return answer.status
  }
  async function isDead({ access_token, refresh_token }: TokenAnswer, what: string) {
    expect(await isActive(server, access_token), what).to.equal(false)
    const answer = await server.post('/token', refreshing(refresh_token, 'web'))
    expect(outcomeOf(answer), what).to.equal('400 invalid_grant')
  }
  const hourAgo = () => Date.now() - 3_600_000

  it('CVE-2026-8922 Keycloak: an older cut-off of one kind masked a newer one of another', async () => {
    for (const first of kinds) {
      for (const second of kinds) {
        const tokens = await server.login()
        expect(await isActive(server, tokens.access_token), 'before').to.equal(true)
        await cutOff(first, tokens.access_token)
        await cutOff(second, tokens.access_token, hourAgo())
        await isDead(tokens, `${first} now, then ${second} an hour ago`)
      }
    }
  })

  it('CVE-2026-18218 Keycloak: a newer cut-off was masked by one that was there', async () => {
    for (const first of kinds) {
      for (const second of kinds) {
        const tokens = await server.login()
        await cutOff(first, tokens.access_token, hourAgo())
        expect(await isActive(server, tokens.access_token), 'before').to.equal(true)
        await cutOff(second, tokens.access_token)
        await isDead(tokens, `${first} an hour ago, then ${second} now`)
      }
    }
  })

  it('CVE-2026-68481 Apache CXF: introspection called revoked tokens active', async () => {
    for (const asked of [{ scope: 'read' }, { scope: 'peek' }]) {
      const login = await server.login(asked)
      const other = await server.login(asked)
      await server.post('/revoke', { token: login.access_token, client_id: 'web' })
      await server.post('/revoke', { token: other.refresh_token, client_id: 'web' })
      for (const token of [login.access_token, other.access_token]) {
        expect(await isActive(server, token), asked.scope).to.equal(false)
      }
      const spent = await server.post('/token', refreshing(other.refresh_token, 'web'))
      expect(outcomeOf(spent)).to.equal('400 invalid_grant')
    }
  })

  it('CVE-2023-22492 Zitadel: a locked user could still refresh', async () => {
    const login = await server.login({ username: 'locked' })
    await server.accounts.disable('locked')
    await isDead(login, 'disabled')
    await server.accounts.enable('locked')
  })

  it('CVE-2026-1609 Keycloak: a disabled user got tokens', async () => {
    await server.accounts.disable('leaver')
    for (const client of ['web', 'other-web']) {
      const form = { ...passwordGrant, username: 'leaver', client_id: client }
      expect(outcomeOf(await server.post('/token', form))).to.equal('400 invalid_grant')
    }
  })

  it('CVE-2025-64521 authentik: the tokens of a deactivated service account stayed good', async () => {
    const basic = `service:${secret}`
    const { json } = await server.post('/token', { grant_type: 'client_credentials' }, { basic })
    const settings = await sameServer(server)
    const clients = fixtureClients.filter(({ id }) => id !== 'service')
    const without = await startKillableServer({ ...settings, clients })
    try {
      const asked = await postTo(
        without.url,
        '/token',
        { grant_type: 'client_credentials' },
        { basic },
      )
      expect(outcomeOf(asked)).to.equal('401 invalid_client')
      await cutOff('client', json.access_token)
      const form = { token: json.access_token }
      const answer = await postTo(without.url, '/introspect', form, {
        basic: `resource-server:${secret}`,
      })
      expect(answer.json.active).to.equal(false)
    } finally {
      await without.stop()
    }
  })

  it('CVE-2026-115362 OpenBao: what had expired was good until it was swept away', async () => {
    const login = await server.login({ client_id: 'short' })
    await until(
      () => isActive(server, login.access_token),
      (active) => active === false,
    )
    let { refresh_token } = login
    const answer = await until(
      async () => {
        const next = await server.post('/token', refreshing(refresh_token, 'short'))
        refresh_token = next.json.refresh_token ?? refresh_token
        return next
      },
      ({ status }) => status !== 200,
    )
    expect(outcomeOf(answer)).to.equal('400 invalid_grant')
  })
})
