import { expect } from 'chai'
import { hashSecret } from '../../src/clients/secrets.ts'
import {
  fixtureClients,
  type Latchkey,
  passwordGrant,
  secret,
  startLatchkey,
} from '../parts/latchkey.ts'
import { isActive, outcomeOf, refreshing, strictLogin } from './scene.ts'

const banned = [
  { id: 'banned-public', public: true, grants: ['refresh_token'] },
  { id: 'banned-secret', secrets: [hashSecret(secret)], grants: ['client_credentials'] },
  { id: 'banned-all', secrets: [hashSecret(secret)], grants: [], introspectAll: true },
]

describe('advisories: what a token or a client is bound to', () => {
  let server: Latchkey
  before(async () => {
    server = await startLatchkey({ clients: [...fixtureClients, ...banned] })
  })
  after(() => server.stop())

  it('CVE-2026-55672 Zitadel: a refresh token was good for another client', async () => {
    const login = await server.login()
    const strict = (await server.post('/token', strictLogin)).json
    const crossings = [
      refreshing(login.refresh_token, 'other-web'),
      refreshing(login.refresh_token, 'app'),
      refreshing(strict.refresh_token, 'web'),
    ]
    for (const form of crossings) {
      expect(outcomeOf(await server.post('/token', form))).to.equal('400 invalid_grant')
    }
    const own = await server.post('/token', refreshing(login.refresh_token, 'web'))
    expect(outcomeOf(own), 'the attempt cost its owner the login').to.equal('200')
    expect(outcomeOf(await server.post('/token', refreshing(strict.refresh_token)))).to.equal('200')
  })

  it('CVE-2026-53512 Better Auth: a refresh token was enough without the client’s secret', async () => {
    const { json } = await server.post('/token', strictLogin)
    const form = { grant_type: 'refresh_token', refresh_token: json.refresh_token }
    const attempts = [
      server.post('/token', form),
      server.post('/token', { ...form, client_id: 'app' }),
      server.post('/token', { ...form, client_id: 'app', client_secret: '' }),
      server.post('/token', { ...form, client_id: 'app', client_secret: 'wrong' }),
      server.post('/token', form, { basic: 'app:' }),
    ]
    for (const answer of await Promise.all(attempts)) {
      expect(outcomeOf(answer)).to.equal('401 invalid_client')
    }
    expect(outcomeOf(await server.post('/token', refreshing(json.refresh_token)))).to.equal('200')
  })

  it('CVE-2026-27840 Zitadel: a token that was cut short was taken', async () => {
    const login = await server.login()
    const opaque = await server.login({ scope: 'peek' })
    for (const token of [login.access_token, login.refresh_token, opaque.access_token]) {
      const cuts = Array.from({ length: 12 }, (_, index) => index + 1).concat(token.length >> 1)
      const spoiled = [
        ...cuts.map((cut) => token.slice(0, -cut)),
        ...cuts.map((cut) => token.slice(cut)),
        ...cuts.map((at) => flipped(token, Math.floor((at * token.length) / 13) % token.length)),
        `${token}A`,
        `${token}=`,
        `${token}\t`,
      ]
      for (const each of spoiled.filter((one) => one !== token)) {
        expect(await isActive(server, each), each).to.equal(false)
        const answer = await server.post('/token', refreshing(each, 'web'))
        expect(['400 invalid_grant', '400 invalid_request'], each).to.include(outcomeOf(answer))
      }
      // A resource server is told nothing of refresh tokens.
      const whole =
        token === login.refresh_token
          ? (await server.post('/token', refreshing(token, 'web'))).status === 200
          : await isActive(server, token)
      expect(whole, 'the token itself').to.equal(true)
    }
  })

  it('CVE-2026-75866 Punk-OAuth2: grants and scopes beyond the registration were given', async () => {
    const basic = `service:${secret}`
    const beyond = {
      'client_credentials of a public client': server.post('/token', {
        grant_type: 'client_credentials',
        client_id: 'web',
      }),
      'a grant nobody registered': server.post('/token', refreshing('x', 'service'), { basic }),
    }
    for (const [what, answer] of Object.entries(beyond)) {
      expect((await answer).json.error, what).to.match(/^(unauthorized_client|invalid_request)$/)
    }
    for (const scope of ['write', 'read write', 'admin', 'read admin']) {
      const form = { grant_type: 'client_credentials', scope }
      expect(outcomeOf(await server.post('/token', form, { basic }))).to.equal('400 invalid_scope')
    }
    const narrow = await server.login({ scope: 'read' })
    const wider = { ...refreshing(narrow.refresh_token, 'web'), scope: 'read write' }
    expect(outcomeOf(await server.post('/token', wider))).to.equal('400 invalid_scope')
    const same = await server.post('/token', refreshing(narrow.refresh_token, 'web'))
    expect(same.json.scope).to.equal('read')
  })

  it('CVE-2026-9792 Keycloak: a ban on the password grant was got round', async () => {
    const turns = [
      {},
      { scope: 'read' },
      { scope: 'openid offline_access' },
      { resource: 'https://api.example' },
      { resource: 'https://opaque.example' },
      { grant_type: 'Password' },
      { grant_type: 'password ' },
      { response_type: 'token' },
      { acr_values: '0', prompt: 'none' },
    ]
    for (const { id, public: open } of banned) {
      for (const turn of turns) {
        for (const basic of open ? [undefined] : [undefined, `${id}:${secret}`]) {
          const form = {
            ...passwordGrant,
            client_id: id,
            ...(!open && basic === undefined && { client_secret: secret }),
            ...turn,
          }
          const answer = await server.post('/token', form, basic === undefined ? {} : { basic })
          expect(answer.status, JSON.stringify(form)).to.equal(400)
          expect(answer.json.error).to.match(/^(unauthorized_client|unsupported_grant_type)$/)
        }
      }
    }
  })
})

/** The token with one character exchanged for another of the alphabet. */
function flipped(token: string, at: number): string {
  const other = token[at] === 'A' ? 'Q' : 'A'
  return token.slice(0, at) + other + token.slice(at + 1)
}
