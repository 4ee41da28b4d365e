import { expect } from 'chai'
import { hashArgon2id } from '../../src/passwords/argon2.ts'
import {
  type Answer,
  cheaply,
  fixtureClients,
  type Latchkey,
  passwordGrant,
  secret,
  startLatchkey,
} from '../parts/latchkey.ts'

const hundred = 'correct horse battery staple '.repeat(4).slice(0, 100)
const people = 'Zoë 王秀英 𝔘 Ωmega'

describe('RFC 6749 section 4.3: the password grant', () => {
  let server: Latchkey
  before(async () => {
    server = await startLatchkey({
      clients: [
        ...fixtureClients,
        { id: 'tutorial', public: true, grants: ['password'], scopes: ['read'] },
      ],
      defaultClient: 'tutorial',
    })
    await server.accounts.add({
      username: 'disabled',
      hash: await cheaply('secret'),
      disabled: true,
    })
    await server.accounts.add({ username: 'no-password' })
    await server.accounts.add({ username: 'broken-hash', hash: 'not a hash of anything' })
    await server.accounts.add({ username: 'hundred', hash: await cheaply(hundred) })
    await server.accounts.add({ username: people, hash: await cheaply(`${people} ✓`) })
    await server.accounts.add({ username: 'app', id: 'app', hash: await cheaply('secret') })
  })
  after(() => server.stop())

  const login = (username: string, password: string, more = {}) =>
    server.post('/token', { ...passwordGrant, username, password, ...more })
  const outcome = ({ status, json }: Answer) => `${status} ${json.error ?? 'issued'}`
  const look = ({ status, text, headers }: Answer) => {
    const fields = [...headers].filter(([name]) => name !== 'x-request-id' && name !== 'date')
    return { status, text, fields }
  }

  it('gives a token for the right name and password [ROP-01]', async () => {
    const { status, json } = await login('johndoe', 'secret')
    expect(status).to.equal(200)
    expect(json).to.have.all.keys(
      'access_token',
      'token_type',
      'expires_in',
      'refresh_token',
      'scope',
    )
  })

  it('needs a username and a password [ROP-02]', async () => {
    const { username: _, ...nameless } = passwordGrant
    const { password: __, ...wordless } = passwordGrant
    for (const form of [
      nameless,
      wordless,
      { ...nameless, username: '' },
      { ...wordless, password: '' },
    ]) {
      expect(outcome(await server.post('/token', form))).to.equal('400 invalid_request')
    }
  })

  it('answers wrong passwords, unknown, disabled and broken users alike [ROP-03 ROP-08 ROP-16]', async () => {
    const wrong = await login('johndoe', 'wrong')
    expect(outcome(wrong)).to.equal('400 invalid_grant')
    expect(wrong.headers.has('www-authenticate')).to.equal(false)
    for (const [username, password] of [
      ['nobody', 'secret'],
      ['disabled', 'secret'],
      ['disabled', 'wrong'],
      ['no-password', 'secret'],
      ['broken-hash', 'secret'],
      ['app', 'secret'],
      ["' or 1=1 --", 'secret'],
      ['*', 'secret'],
    ] as const) {
      expect(look(await login(username, password)), username).to.deep.equal(look(wrong))
    }
  })

  it('makes confidential clients authenticate [ROP-04]', async () => {
    expect(outcome(await login('johndoe', 'secret', { client_id: 'app' }))).to.equal(
      '401 invalid_client',
    )
    const { client_id: _, ...form } = passwordGrant
    const answer = await server.post('/token', form, { basic: `app:${secret}` })
    expect(answer.status).to.equal(200)
  })

  it('checks the credentials that a public client sends [ROP-05]', async () => {
    const { client_id: _, ...form } = passwordGrant
    const answers = [
      await login('johndoe', 'secret', { client_secret: 'anything' }),
      await server.post('/token', form, { basic: 'web:anything' }),
      await login('johndoe', 'secret', { client_assertion: 'a.b.c' }),
    ]
    for (const answer of answers) {
      expect(answer.json).not.to.have.property('access_token')
      expect(outcome(answer)).to.be.oneOf(['401 invalid_client', '400 invalid_request'])
    }
  })

  it('takes a request without a client for the default client, where there is one', async () => {
    const { client_id: _, ...form } = passwordGrant
    const { status, json } = await server.post('/token', form)
    expect(status).to.equal(200)
    expect(json.scope).to.equal('read')
    expect(json).not.to.have.property('refresh_token')
    const claims = JSON.parse(
      Buffer.from(json.access_token.split('.')[1] ?? '', 'base64url').toString(),
    )
    expect(claims.client_id).to.equal('tutorial')
    const guessed = await server.post('/token', { ...form, client_secret: 'x' })
    expect(outcome(guessed)).to.equal('401 invalid_client')
  })

  it('takes any Unicode in names and passwords [ROP-09]', async () => {
    expect((await login(people, `${people} ✓`)).status).to.equal(200)
    expect(outcome(await login(people, `${people} ✗`))).to.equal('400 invalid_grant')
  })

  it('counts every character of a long password [ROP-11]', async () => {
    expect((await login('hundred', hundred)).status).to.equal(200)
    for (const wrong of [`${hundred.slice(0, 99)}!`, hundred.slice(0, 72), `${hundred} `]) {
      expect(outcome(await login('hundred', wrong)), wrong).to.equal('400 invalid_grant')
    }
  })

  it('gives a client the scopes and lifetimes that are its own [ROP-12]', async () => {
    const clients = [
      {
        id: 'small',
        public: true,
        grants: ['password'],
        scopes: ['read'],
        accessTokenLifetime: 60,
      },
    ]
    const small = await startLatchkey({ clients })
    try {
      const { json } = await small.post('/token', { ...passwordGrant, client_id: 'small' })
      expect(json).to.include({ scope: 'read', expires_in: 60 })
      const more = { ...passwordGrant, client_id: 'small', scope: 'write' }
      expect(outcome(await small.post('/token', more))).to.equal('400 invalid_scope')
    } finally {
      await small.stop()
    }
  })

  it('refuses names and passwords that are too long [ROP-14]', async () => {
    for (const [username, password] of [
      ['x'.repeat(16_000), 'x'],
      ['johndoe', 'x'.repeat(16_000)],
      [`johndoe${' '.repeat(400)}`, 'secret'],
      ['johndoe ', 'secret '],
      ['%', '_'],
      ['\u202ejohndoe', 'secret'],
      ['johndoe\u200b', 'secret'],
    ] as const) {
      expect(outcome(await login(username, password))).to.equal('400 invalid_grant')
    }
  })
})

describe('RFC 6749 section 4.3: what a refused login costs', () => {
  let server: Latchkey
  before(async () => {
    const costly = { memory: 65_536, iterations: 2, parallelism: 1 }
    server = await startLatchkey({ passwords: { hash: costly } })
    const hash = await hashArgon2id(Buffer.from('secret'), costly)
    await server.accounts.add({ username: 'known', hash })
    await server.accounts.add({ username: 'disabled', hash, disabled: true })
    await server.accounts.add({ username: 'no-password' })
    await server.accounts.add({ username: 'broken-hash', hash: 'not a hash of anything' })
  })
  after(() => server.stop())

  it('is one hash, whoever was named [ROP-08]', async () => {
    const once = async (username: string) => {
      const start = process.cpuUsage()
      await server.post('/token', { ...passwordGrant, username, password: 'wrong' })
      const { user, system } = process.cpuUsage(start)
      return user + system
    }
    // The least of three: what else the process does only adds to it.
    const work = async (username: string) =>
      Math.min(await once(username), await once(username), await once(username))
    await work('known')
    const wrong = await work('known')
    for (const username of ['nobody', 'disabled', 'no-password', 'broken-hash', 'x'.repeat(5000)]) {
      expect((await work(username)) / wrong, username).to.be.within(0.4, 2.5)
    }
  })
})

describe('RFC 6749 section 4.3: who may use the password grant', () => {
  it('is no client that the configuration does not name, as RFC 9700 section 2.4 warns [ROP-15]', async () => {
    const server = await startLatchkey({
      clients: [
        { id: 'web', public: true },
        ...fixtureClients.filter(({ id }) => id === 'service'),
      ],
    })
    try {
      const answer = await server.post('/token', passwordGrant)
      expect(answer.status).to.equal(400)
      expect(answer.json.error).to.equal('unauthorized_client')
      for (const name of ['oauth-authorization-server', 'openid-configuration']) {
        const document = await fetch(`${server.issuer}/.well-known/${name}`)
        expect(JSON.parse(await document.text()).grant_types_supported).to.deep.equal([
          'client_credentials',
        ])
      }
    } finally {
      await server.stop()
    }
  })
})
