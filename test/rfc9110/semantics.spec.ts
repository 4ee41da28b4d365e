import { expect } from 'chai'
import { readChallenges } from '../parts/challenge.ts'
import { type Latchkey, secret, startLatchkey } from '../parts/latchkey.ts'
import { exchange, formRequest } from '../parts/raw-socket.ts'

const login = 'grant_type=password&username=johndoe&password=secret&client_id=web'
const credentials = Buffer.from(`app:${secret}`).toString('base64')
const endpoints = ['/token', '/revoke', '/introspect']
const documents = [
  '/.well-known/oauth-authorization-server',
  '/.well-known/openid-configuration',
  '/.well-known/jwks.json',
]

const none = { scheme: '', parameters: {} as Record<string, string> }

describe('RFC 9110: HTTP semantics', () => {
  let server: Latchkey
  before(async () => {
    server = await startLatchkey()
  })
  after(() => server.stop())

  const send = (octets: string, then?: string) => exchange(server.service.url, octets, then)

  const refusals = {
    'no client': ['grant_type=password', []],
    'an unknown client in the body': ['grant_type=password&client_id=nobody', []],
    'a wrong secret in the body': ['grant_type=password&client_id=app&client_secret=wrong', []],
    'a wrong secret in Basic': ['x=y', [`Authorization: Basic ${btoa('app:wrong')}`]],
    'a broken Basic header': ['x=y', ['Authorization: Basic !!!']],
    'a scheme that is not for clients': ['x=y', ['Authorization: Negotiate "x"\\']],
    'a bearer token': ['token=x', ['Authorization: Bearer x']],
  } as const
  for (const [what, [form, headers]] of Object.entries(refusals)) {
    it(`section 15.5.2: challenges ${what} in the grammar of section 11.6.1 [HTTP-02 HTTP-03]`, async () => {
      for (const endpoint of endpoints) {
        const answer = await send(formRequest(endpoint, form, headers))
        expect(answer.status, endpoint).to.equal(401)
        const [header, ...others] = answer.headers.get('www-authenticate') ?? []
        expect(others).to.deep.equal([])
        const [{ scheme, parameters } = none, ...more] = readChallenges(header)
        expect(more).to.deep.equal([])
        const bearer = what === 'a bearer token' && endpoint === '/introspect'
        expect(scheme).to.equal(bearer ? 'bearer' : 'basic')
        expect(parameters.realm).to.equal(server.issuer)
        expect(parameters.error).to.equal(answer.json.error)
      }
    })
  }

  it('section 15.5.2: challenges at the protected resource as well [HTTP-02 HTTP-03]', async () => {
    for (const headers of [{}, { Authorization: 'Bearer garbage' }]) {
      const answer = await fetch(`${server.issuer}/users/me`, { headers })
      expect(answer.status).to.equal(401)
      const challenges = readChallenges(answer.headers.get('www-authenticate'))
      expect(challenges.map(({ scheme }) => scheme)).to.deep.equal(['bearer', 'dpop'])
    }
  })

  it('section 11.1: compares schemes without case [HTTP-04]', async () => {
    for (const scheme of ['basic', 'BASIC', 'bAsIc', 'Basic  ']) {
      const answer = await server.post('/token', 'grant_type=client_credentials', {
        headers: { Authorization: `${scheme} ${credentials}` },
      })
      expect(answer.status, scheme).to.equal(200)
    }
    const { access_token: token } = await server.login()
    for (const scheme of ['bearer', 'BEARER', 'Bearer']) {
      const headers = { Authorization: `${scheme} ${token}` }
      const answer = await fetch(`${server.issuer}/users/me`, { headers })
      expect(answer.status, scheme).to.equal(200)
    }
  })

  it('section 15.5.6: answers a method of another resource 405, with Allow [HTTP-05 HTTP-06]', async () => {
    for (const path of [...endpoints, ...documents, '/users/me']) {
      const posts = endpoints.includes(path)
      const wrong = posts ? ['GET', 'HEAD', 'PUT', 'PATCH', 'DELETE'] : ['POST', 'PUT', 'DELETE']
      for (const method of wrong) {
        const answer = await fetch(server.issuer + path, { method })
        expect(answer.status, `${method} ${path}`).to.equal(405)
        const allowed = answer.headers.get('allow')?.split(/, */)
        expect(allowed, path).to.include(posts ? 'POST' : 'GET')
        expect(allowed, path).not.to.include(method)
      }
    }
    expect((await fetch(`${server.issuer}/nothing`)).status).to.equal(404)
  })

  it('section 9.1: never processes a method it does not know [HTTP-09]', async () => {
    for (const method of ['FOO', 'PROPFIND', 'LOCK', 'TRACE', 'QUERY', 'post']) {
      const answer = await send(formRequest('/token', login, [], method))
      expect(answer.status, method).to.be.oneOf([400, 405, 501])
      expect(answer.json).not.to.have.property('access_token')
    }
  })

  it('section 9.3.2: answers HEAD like GET, without content [HTTP-07 HTTP-08]', async () => {
    for (const path of documents) {
      const request = `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n`
      const get = await send(request)
      const head = await send(request.replace('GET', 'HEAD'))
      expect([get.status, head.status]).to.deep.equal([200, 200])
      expect(head.body).to.equal('')
      expect(Number(head.headers.get('content-length')?.[0])).to.equal(get.body.length)
      expect(head.headers.get('content-type')).to.deep.equal(get.headers.get('content-type'))
    }
  })

  it('section 9.3.7: OPTIONS issues nothing [HTTP-10]', async () => {
    const headers = [`Authorization: Basic ${credentials}`]
    const answer = await send(formRequest('/token', login, headers, 'OPTIONS'))
    expect(answer.status).to.equal(204)
    expect(answer.body).to.equal('')
    expect(answer.headers.get('allow')?.[0]).to.include('POST')
  })

  it('section 8.3.1: compares media types without case and without parameters [HTTP-11]', async () => {
    for (const type of [
      'Application/X-WWW-Form-URLEncoded; charset="utf-8"',
      'APPLICATION/X-WWW-FORM-URLENCODED',
      'application/x-www-form-urlencoded;charset=UTF-8',
      'application/x-www-form-urlencoded ; charset=utf-8; foo="bar; baz"',
    ]) {
      const answer = await server.post('/token', login, { headers: { 'Content-Type': type } })
      expect(answer.status, type).to.equal(200)
    }
  })

  it('section 15.5.14: answers an over-long body 413, and lives on [HTTP-15]', async () => {
    const answer = await server.post('/token', `${login}&x=${'y'.repeat(100_000)}`)
    expect(answer.status).to.equal(413)
    expect((await server.post('/token', login)).status).to.equal(200)
  })

  it('section 10.1.1: answers Expect: 100-continue with 100, or with the refusal [HTTP-17]', async () => {
    const request = formRequest('/token', login, ['Expect: 100-continue'])
    const head = request.slice(0, request.length - login.length)
    const answer = await send(head, login)
    expect(answer.interim).to.deep.equal([100])
    expect(answer.status).to.equal(200)
    const unknown = await send(formRequest('/token', login, ['Expect: 200-ok']))
    expect(unknown.status).to.equal(417)
  })

  it('section 10.2.4: says nothing of products and versions [HTTP-19]', async () => {
    const answers = await Promise.all([
      fetch(`${server.issuer}/token`),
      fetch(`${server.issuer}/nothing`),
      fetch(server.issuer + documents[0]),
      fetch(`${server.issuer}/token`, { method: 'POST' }),
    ])
    for (const { headers } of answers) {
      expect(headers.get('server')).to.equal(null)
      expect(headers.get('x-powered-by')).to.equal(null)
    }
  })

  it('section 7.2: Host and Forwarded of strangers steer nothing [HTTP-20]', async () => {
    const metadata = async (headers: readonly string[]) =>
      (
        await send(
          `GET ${documents[0]} HTTP/1.1\r\n${headers.join('\r\n')}\r\nConnection: close\r\n\r\n`,
        )
      ).body
    const plain = await metadata(['Host: 127.0.0.1'])
    const steered = await metadata([
      'Host: evil.example',
      'Forwarded: host=evil.example;proto=https',
      'X-Forwarded-Host: evil.example',
      'X-Forwarded-Proto: https',
      'X-Forwarded-Prefix: /evil',
      'X-Original-URL: /evil',
    ])
    expect(steered).to.equal(plain)
    expect(JSON.parse(plain).token_endpoint).to.equal(`${server.issuer}/token`)
    const token = await send(formRequest('/token', 'grant_type=x', ['Host: evil.example']))
    expect(token.headers.get('www-authenticate')?.[0]).not.to.include('evil')
  })

  for (const accept of [
    'text/html',
    'text/html, image/gif, image/jpeg, */*; q=0.2',
    'application/xhtml+xml',
    'application/jwt',
    'image/png',
    'application/json;q=0',
    '*/*;q=0',
    'nonsense',
    '',
  ]) {
    it(`section 12.5.1: answers JSON to Accept: ${accept || '(empty)'} [HTTP-22]`, async () => {
      const headers = { Accept: accept }
      const answers = [
        await server.post('/token', login, { headers }),
        await server.post('/token', 'grant_type=x&client_id=web', { headers }),
        await server.post('/token', 'grant_type=x', { headers }),
        await server.post('/revoke', 'token=x&client_id=web', { headers }),
        await server.post('/introspect', 'token=x', { headers, basic: `app:${secret}` }),
        ...(await Promise.all(
          [...documents, '/users/me', '/nothing', '/token'].map(async (path) => {
            const { headers: fields } = await fetch(server.issuer + path, { headers })
            return { headers: fields, status: 0 }
          }),
        )),
      ]
      for (const answer of answers) {
        expect(answer.status).not.to.be.oneOf([406, 500])
        expect(answer.headers.get('content-type')).to.match(/^application\/(jwk-set\+)?json/)
      }
    })
  }
})
