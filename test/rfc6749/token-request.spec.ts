import { expect } from 'chai'
import { cheaply, type Latchkey, passwordGrant, secret, startLatchkey } from '../parts/latchkey.ts'

const app = { basic: `app:${secret}` }
const password = 'grant_type=password&username=johndoe&password=secret&client_id=web'

describe('RFC 6749 section 3.2: the token endpoint', () => {
  let server: Latchkey
  before(async () => {
    server = await startLatchkey()
    await server.accounts.add({ username: 'jörg €', hash: await cheaply('pä€ +&=%wort') })
  })
  after(() => server.stop())

  const refusal = async (form: string, options = {}) => {
    const { status, json } = await server.post('/token', form, options)
    expect(json, form).not.to.have.property('access_token')
    return `${status} ${json.error}`
  }

  it('issues nothing for GET, whatever is in the query [TOK-01 TOK-04]', async () => {
    const answer = await fetch(`${server.issuer}/token?${password}`)
    expect(answer.status).to.equal(405)
    expect(await answer.json()).to.have.property('error', 'invalid_request')
  })

  for (const method of ['PUT', 'PATCH', 'DELETE']) {
    it(`issues nothing for ${method} [TOK-02]`, async () => {
      const answer = await fetch(`${server.issuer}/token`, {
        method,
        headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
        body: password,
      })
      expect(answer.status).to.equal(405)
      expect(await answer.json()).not.to.have.property('access_token')
    })
  }

  it('keeps a query component of its URI, and ignores it [TOK-03]', async () => {
    const answer = await server.post('/token?foo=bar&grant_type=nonsense', password)
    expect(answer.status).to.equal(200)
    const metadata = await fetch(`${server.issuer}/.well-known/oauth-authorization-server`)
    expect(await metadata.text()).not.to.include('#')
  })

  it('reads parameters from the body only [TOK-04]', async () => {
    const query = new URLSearchParams(passwordGrant)
    expect((await server.post(`/token?${query}`, '')).status).to.equal(401)
    const body = 'grant_type=password&username=johndoe&client_id=web'
    const answer = await server.post('/token?password=secret', body)
    expect(answer.status).to.equal(400)
    expect(answer.json.error).to.equal('invalid_request')
    const refresh = await server.login()
    const inQuery = await server.post(
      `/token?refresh_token=${refresh.refresh_token}`,
      'grant_type=refresh_token&client_id=web',
    )
    expect(inQuery.json.error).to.equal('invalid_request')
  })

  it('takes no client credentials from the URI [TOK-05]', async () => {
    const query = `client_id=service&client_secret=${secret}`
    const answer = await server.post(`/token?${query}`, 'grant_type=client_credentials')
    expect(answer.status).to.equal(401)
    const half = await server.post(
      `/token?client_secret=${secret}`,
      'grant_type=client_credentials&client_id=service',
    )
    expect(half.status).to.equal(401)
    expect(half.json.error).to.equal('invalid_client')
  })

  it('reads UTF-8, with + and %20 as space and hex of either case [TOK-06 TOK-07]', async () => {
    const spellings = [
      'username=j%C3%B6rg+%E2%82%AC&password=p%C3%A4%E2%82%AC+%2B%26%3D%25wort',
      'username=j%c3%b6rg%20%e2%82%ac&password=p%c3%a4%e2%82%ac%20%2b%26%3d%25wort',
      '%75sername=j%C3%b6rg+%e2%82%AC&pass%77ord=%70%C3%A4%E2%82%AC+%2b%26%3D%25%77ort',
    ]
    for (const spelling of spellings) {
      const answer = await server.post('/token', `grant_type=password&client_id=web&${spelling}`)
      expect(answer.status, spelling).to.equal(200)
    }
    const latin1 = 'username=j%F6rg+%80&password=x'
    expect(await refusal(`grant_type=password&client_id=web&${latin1}`)).to.equal(
      '400 invalid_request',
    )
  })

  const bodies = [
    ['application/json', JSON.stringify(passwordGrant)],
    ['text/plain', password],
    ['application/json; charset=x-www-form-urlencoded', password],
    [
      'multipart/form-data; boundary=b',
      '--b\r\nContent-Disposition: form-data; name="grant_type"\r\n\r\npassword\r\n--b--\r\n',
    ],
  ] as const
  for (const [type, body] of bodies) {
    it(`refuses a body of ${type} [TOK-08]`, async () => {
      const answer = await server.post('/token', body, {
        ...app,
        headers: { 'Content-Type': type },
      })
      expect(answer.status).to.equal(400)
      expect(answer.json.error).to.equal('invalid_request')
    })
  }

  it('refuses a body without a type [TOK-09]', async () => {
    const answer = await fetch(`${server.issuer}/token`, {
      method: 'POST',
      body: new Blob([password]),
    })
    expect(answer.status).to.equal(400)
    expect(await answer.json()).to.have.property('error', 'invalid_request')
  })

  it('refuses a request without any body', async () => {
    const answer = await fetch(`${server.issuer}/token`, { method: 'POST' })
    expect(answer.status).to.equal(401)
    const named = await fetch(`${server.issuer}/token`, {
      method: 'POST',
      headers: { Authorization: `Basic ${Buffer.from(app.basic).toString('base64')}` },
    })
    expect(named.status).to.equal(400)
    expect(await named.json()).to.have.property('error', 'invalid_request')
  })

  it('ignores parameters it does not know, whatever they are called [TOK-10 TOK-11]', async () => {
    const names = 'foo=bar&nonce=x&nonce=y&__proto__=a&constructor=b&toString=c&hasOwnProperty=d'
    for (const form of [`${names}&${password}`, password]) {
      expect((await server.post('/token', form)).status).to.equal(200)
    }
  })

  it('takes a parameter without a value for an omitted one [TOK-12]', async () => {
    expect(await refusal('grant_type=&client_id=web')).to.equal('400 invalid_request')
    expect(await refusal('grant_type&client_id=web')).to.equal('400 invalid_request')
    const answer = await server.post('/token', `${password}&scope=&resource=&refresh_token=`)
    expect(answer.json.scope).to.equal('read write')
    const beside = await server.post(
      '/token',
      'grant_type=client_credentials&client_id=&client_secret=',
      app,
    )
    expect(beside.status).to.equal(200)
  })

  for (const name of [
    'grant_type',
    'scope',
    'username',
    'password',
    'refresh_token',
    'client_id',
    'client_secret',
    'token',
    'token_type_hint',
    'client_assertion',
  ]) {
    it(`refuses ${name} given twice, equal or not, empty or not [TOK-13]`, async () => {
      for (const pair of [`${name}=x&${name}=x`, `${name}=&${name}=x`, `${name}=&${name}=`]) {
        expect(await refusal(pair), pair).to.equal('400 invalid_request')
      }
      expect(await refusal(`${password}&${name}=secret&${name}=other`)).to.equal(
        '400 invalid_request',
      )
    })
  }

  it('lets resource be repeated, for RFC 8707 says so [TOK-21]', async () => {
    const api = 'resource=https%3A%2F%2Fapi.example'
    const answer = await server.post('/token', `${password}&${api}&${api}`)
    expect(answer.status).to.equal(200)
    const other = 'resource=https%3A%2F%2Fopaque.example'
    expect(await refusal(`${password}&${api}&${other}`)).to.equal('400 invalid_target')
    expect((await server.post('/token', `${password}&audience=a&audience=b`)).status).to.equal(200)
  })

  it('distinguishes case in names and values [TOK-14]', async () => {
    expect(await refusal(password.replace('=password', '=Password'))).to.equal(
      '400 unsupported_grant_type',
    )
    expect(await refusal(password.replace('grant_type', 'Grant_Type'))).to.equal(
      '400 invalid_request',
    )
  })

  it('needs a grant_type [TOK-15]', async () => {
    expect(await refusal('client_id=web&username=johndoe&password=secret')).to.equal(
      '400 invalid_request',
    )
    expect(await refusal('scope=read', app)).to.equal('400 invalid_request')
  })

  it('says so when it does not know the grant, be it a name or a URI [TOK-16 TOK-22]', async () => {
    for (const grant of [
      'foo',
      'authorization_code',
      'implicit',
      '__proto__',
      'constructor',
      'urn:ietf:params:oauth:grant-type:device_code',
      'urn:ietf:params:oauth:grant-type:token-exchange',
      'urn:ietf:params:oauth:grant-type:jwt-bearer',
    ]) {
      const form = new URLSearchParams({ grant_type: grant, code: 'x', client_id: 'web' })
      expect(await refusal(form.toString()), grant).to.equal('400 unsupported_grant_type')
    }
  })

  it('reads no objects and no lists out of bracket names [TOK-17]', async () => {
    const user = 'grant_type=password&client_id=web&username=johndoe'
    for (const other of ['password[$ne]=x', 'password[]=secret', 'password%5B%5D=secret']) {
      expect(await refusal(`${user}&${other}`), other).to.equal('400 invalid_request')
    }
    expect(await refusal('grant_type[]=password&client_id=web')).to.equal('400 invalid_request')
  })
})
