import { generateKeyPairSync } from 'node:crypto'
import { expect } from 'chai'
import { hashChosenSecret, hashSecret } from '../../src/clients/secrets.ts'
import {
  type Answer,
  fixtureClients,
  type Latchkey,
  passwordGrant,
  secret,
  startLatchkey,
} from '../parts/latchkey.ts'

const grant = 'grant_type=client_credentials'
const odd = 'p%c+r:s&t=u v/~%zz%41'
const long = `${'x'.repeat(99)}y`
const grants = ['client_credentials']
const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const clients = [
  ...fixtureClients,
  { id: 'odd', grants, secrets: [hashSecret(odd)] },
  { id: 'two', grants, secrets: [hashSecret('first-secret-of-two'), hashSecret('second')] },
  { id: 'long', grants, secrets: [hashSecret(long)] },
  { id: 'chosen', grants, secrets: [await hashChosenSecret('chosen-by-a-person')] },
  { id: 'keyed', grants, authentication: 'private_key_jwt', jwks: { keys: [{}] } },
].map((client) =>
  'jwks' in client ? { ...client, jwks: { keys: [publicKey.export({ format: 'jwk' })] } } : client,
)

const encoded = (text: string) =>
  [...Buffer.from(text)].map((octet) => `%${octet.toString(16).padStart(2, '0')}`).join('')

describe('RFC 6749 section 2.3: client authentication', () => {
  let server: Latchkey
  before(async () => {
    server = await startLatchkey({ clients })
  })
  after(() => server.stop())

  const outcome = ({ status, json }: Answer) => `${status} ${json.error ?? 'issued'}`
  const basic = async (pair: string, form = grant) =>
    outcome(await server.post('/token', form, { basic: pair }))
  const body = async (id: string, value: string, form = grant) => {
    const members = new URLSearchParams({ client_id: id, client_secret: value })
    return outcome(await server.post('/token', `${form}&${members}`))
  }

  it('takes a secret in HTTP Basic [CLI-01]', async () => {
    expect(await basic(`app:${secret}`)).to.equal('200 issued')
    expect(await basic('chosen:chosen-by-a-person')).to.equal('200 issued')
  })

  it('decodes id and secret in Basic as a form does, every octet if need be [CLI-02 CLI-03]', async () => {
    expect(await basic(`${encoded('app')}:${encoded(secret)}`)).to.equal('200 issued')
    expect(await basic(`odd:${encoded(odd)}`)).to.equal('200 issued')
    expect(await basic(`odd:${encodeURIComponent(odd).replaceAll('%20', '+')}`)).to.equal(
      '200 issued',
    )
    expect(await basic(`odd:${encoded(odd).toUpperCase()}`)).to.equal('200 issued')
  })

  it('takes the secret raw as well, as most libraries send it [CLI-02 CLI-03]', async () => {
    expect(await basic(`odd:${odd}`)).to.equal('200 issued')
  })

  it('takes a secret in the body, where metadata advertises it [CLI-06 CLI-22]', async () => {
    expect(await body('app', secret)).to.equal('200 issued')
    expect(await body('odd', odd)).to.equal('200 issued')
  })

  it('takes one method a request [CLI-07]', async () => {
    const right = { basic: `app:${secret}` }
    const assertion = 'client_assertion=a.b.c&client_assertion_type=x'
    for (const [form, options] of [
      [`${grant}&client_secret=${secret}`, right],
      [`${grant}&client_id=app&client_secret=${secret}`, right],
      [`${grant}&${assertion}`, right],
      [`${grant}&client_id=app&client_secret=${secret}&${assertion}`, {}],
    ] as const) {
      expect(outcome(await server.post('/token', form, options)), form).to.equal(
        '400 invalid_request',
      )
    }
  })

  it('lets client_id stand beside Basic when it is the same, and no other [CLI-08 CLI-09]', async () => {
    expect(await basic(`app:${secret}`, `${grant}&client_id=app`)).to.equal('200 issued')
    for (const other of ['service', 'web', 'nobody']) {
      expect(await basic(`app:${secret}`, `${grant}&client_id=${other}`)).to.equal(
        '400 invalid_request',
      )
    }
  })

  it('refuses a failed Basic with 401 and a Basic challenge [CLI-10]', async () => {
    for (const pair of ['app:wrong', `nobody:${secret}`, `web:${secret}`, `keyed:${secret}`]) {
      const answer = await server.post('/token', grant, { basic: pair })
      expect(outcome(answer)).to.equal('401 invalid_client')
      expect(answer.headers.get('www-authenticate')).to.match(/^Basic realm=/)
    }
  })

  it('refuses failed credentials in the body [CLI-11]', async () => {
    expect(await body('app', 'wrong')).to.equal('401 invalid_client')
    expect(await body('nobody', secret)).to.equal('401 invalid_client')
  })

  it('refuses who does not authenticate at all, at every endpoint [CLI-12]', async () => {
    for (const [path, form] of [
      ['/token', grant],
      ['/token', 'grant_type=password&username=johndoe&password=secret'],
      ['/token', 'grant_type=refresh_token&refresh_token=x'],
      ['/revoke', 'token=x'],
      ['/introspect', 'token=x'],
    ] as const) {
      expect(outcome(await server.post(path, form)), form).to.equal('401 invalid_client')
    }
  })

  it('gives a confidential client nothing for its client_id alone [CLI-13 CLI-14]', async () => {
    const login = await server.post('/token', { ...passwordGrant, client_id: 'app' }, {})
    expect(outcome(login)).to.equal('401 invalid_client')
    const mine = await server.post(
      '/token',
      { ...passwordGrant, client_id: 'app' },
      {
        basic: `app:${secret}`,
      },
    )
    const refresh = encodeURIComponent(mine.json.refresh_token)
    for (const [path, form] of [
      ['/token', grant],
      ['/token', `grant_type=refresh_token&refresh_token=${refresh}`],
      ['/revoke', `token=${refresh}`],
      ['/introspect', `token=${refresh}`],
    ] as const) {
      const named = await server.post(path, `${form}&client_id=app`)
      expect(outcome(named), form).to.equal('401 invalid_client')
    }
  })

  it('proves nothing by the name of a public client [CLI-14]', async () => {
    const { access_token: token } = await server.login()
    const asked = await server.post('/introspect', { token, client_id: 'web' })
    expect(outcome(asked)).to.equal('401 invalid_client')
    const { json } = await server.post('/introspect', { token }, { basic: `service:${secret}` })
    expect(json).to.deep.equal({ active: false })
  })

  for (const header of [
    'Basic',
    'Basic ',
    'Basic !!!',
    `Basic ${btoa('no colon')}`,
    `Basic ${btoa(`:${secret}`)}`,
    `Basic ${btoa(`%zz:${secret}`)}`,
    `Basic ${btoa('app:%zz')}`,
    `Basic ${btoa(`app:${secret}`)} more`,
    `Basic ${btoa(`app:${secret}`)}, Basic x`,
    `Basic ${btoa(`app:${secret}`)}=====`,
    'Digest username="app"',
    'Bearer x',
  ]) {
    it(`refuses the malformed header ${header} [CLI-15]`, async () => {
      const answer = await server.post('/token', grant, { headers: { Authorization: header } })
      expect(outcome(answer)).to.equal('401 invalid_client')
    })
  }

  it('refuses the empty secret of a confidential client [CLI-16]', async () => {
    for (const id of ['app', 'chosen', 'keyed', 'nobody']) {
      expect(await basic(`${id}:`), id).to.equal('401 invalid_client')
      expect(await body(id, ''), id).to.equal('401 invalid_client')
    }
  })

  it('compares the whole secret, and case [CLI-17]', async () => {
    const wrong = [
      long.slice(0, 72),
      long.slice(0, -1),
      `${long}y`,
      `${'x'.repeat(99)}Y`,
      ` ${long}`,
    ]
    for (const value of wrong) {
      expect(await basic(`long:${value}`), value).to.equal('401 invalid_client')
      expect(await body('long', value), value).to.equal('401 invalid_client')
    }
    expect(await basic(`long:${long}%00`)).to.equal('401 invalid_client')
    expect(await basic(`long:${long}`)).to.equal('200 issued')
    expect(await basic(`app:${secret.toLowerCase()}`)).to.equal('401 invalid_client')
  })

  it('refuses what appendix A.1 and A.2 do not let be an id or a secret [CLI-19]', async () => {
    for (const pair of ['ap\x01p:x', `app:${secret}\x7f`, 'äpp:x', `app:${secret}é`, 'a\tb:c']) {
      expect(await basic(pair), pair).to.equal('401 invalid_client')
    }
    expect(await body('äpp', secret)).to.equal('401 invalid_client')
    expect(await body('app', `${secret}é`)).to.equal('401 invalid_client')
    expect(await body('x'.repeat(5000), secret)).to.equal('401 invalid_client')
  })

  it('knows several secrets of one client, of which it keeps hashes [CLI-20]', async () => {
    expect(await basic('two:first-secret-of-two')).to.equal('200 issued')
    expect(await basic('two:second')).to.equal('200 issued')
    expect(await basic('two:first-secret-of-twosecond')).to.equal('401 invalid_client')
    const stored = JSON.stringify(clients)
    for (const value of ['first-secret-of-two', secret, 'chosen-by-a-person']) {
      expect(stored).not.to.include(value)
    }
    for (const { secrets } of clients.filter((client) => 'secrets' in client)) {
      for (const stored of secrets ?? []) {
        expect(await basic(`app:${encoded(stored)}`)).to.equal('401 invalid_client')
      }
    }
  })

  it('judges the client before the grant [CLI-21]', async () => {
    const right = 'grant_type=password&username=johndoe&password=secret'
    expect(await basic('app:wrong', right)).to.equal('401 invalid_client')
    expect(await basic('app:wrong', 'grant_type=nonsense')).to.equal('401 invalid_client')
    expect(await basic('app:wrong', 'scope="')).to.equal('401 invalid_client')
  })

  it('advertises the methods that work, the asymmetric one among them [CLI-22 CLI-23]', async () => {
    const path = '/.well-known/oauth-authorization-server'
    const metadata = JSON.parse(await (await fetch(server.issuer + path)).text())
    const methods = ['none', 'client_secret_basic', 'client_secret_post', 'private_key_jwt']
    expect(metadata.token_endpoint_auth_methods_supported).to.have.members(methods)
    const other = 'client_assertion_type=urn:ietf:params:oauth:client-assertion-type:jwt-bearer'
    const unsigned = `${btoa('{"alg":"HS256"}')}.${btoa('{"sub":"app"}')}.x`.replaceAll('=', '')
    const forged = await server.post('/token', `${grant}&${other}&client_assertion=${unsigned}`)
    expect(outcome(forged)).to.equal('401 invalid_client')
  })

  it('does not let a client use a grant that is not its own [CLI-24]', async () => {
    const login = 'grant_type=password&username=johndoe&password=secret'
    expect(outcome(await server.post('/token', `${grant}&client_id=web`))).to.equal(
      '400 unauthorized_client',
    )
    expect(await basic(`service:${secret}`, login)).to.equal('400 unauthorized_client')
    expect(await basic(`service:${secret}`, 'grant_type=refresh_token&refresh_token=x')).to.equal(
      '400 unauthorized_client',
    )
    expect(await basic(`resource-server:${secret}`)).to.equal('400 unauthorized_client')
  })

  it('tells unknown clients and wrong secrets apart in nothing [CLI-25]', async () => {
    const look = ({ status, text, headers }: Answer) => {
      const fields = [...headers].filter(([name]) => name !== 'x-request-id' && name !== 'date')
      return { status, text, fields }
    }
    const wrong = look(await server.post('/token', grant, { basic: 'chosen:wrong' }))
    for (const id of ['nobody', 'web', 'keyed', 'app']) {
      const answer = await server.post('/token', grant, { basic: `${id}:wrong` })
      expect(look(answer), id).to.deep.equal(wrong)
      const posted = await server.post('/token', `${grant}&client_id=${id}&client_secret=wrong`)
      expect(look(posted), id).to.deep.equal(wrong)
    }
  })
})

describe('RFC 6749 section 2.3.1: what an unknown client costs', () => {
  let server: Latchkey
  before(async () => {
    const secrets = [await hashChosenSecret('chosen-by-a-person')]
    server = await startLatchkey({ clients: [{ id: 'chosen', grants, secrets }] })
  })
  after(() => server.stop())

  it('is the comparison that a wrong secret costs [CLI-25]', async () => {
    const work = async (id: string) => {
      const start = process.cpuUsage()
      for (let count = 0; count < 3; count++) {
        await server.post('/token', grant, { basic: `${id}:wrong` })
      }
      const { user, system } = process.cpuUsage(start)
      return user + system
    }
    await work('chosen')
    const [wrong, unknown] = [await work('chosen'), await work('nobody')]
    expect(unknown / wrong).to.be.within(0.5, 2)
  })
})
