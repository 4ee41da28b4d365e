import { expect } from 'chai'
import { descriptionText } from '../../src/oauth/error.ts'
import {
  type Answer,
  type Latchkey,
  passwordGrant,
  secret,
  startLatchkey,
} from '../parts/latchkey.ts'

const errorSet = /^[\x20-\x21\x23-\x5b\x5d-\x7e]+$/
const basic = `app:${secret}`
const password = 'grant_type=password&username=johndoe&password=secret&client_id=web'

/** One request for each code of section 5.2, and for those that extensions registered. */
const requests = {
  'invalid_request, no grant': ['grant_type=&client_id=web', {}],
  'invalid_request, twice': [`${password}&scope=a&scope=b`, {}],
  'invalid_client, nobody': ['grant_type=password', {}],
  'invalid_client, wrong': ['grant_type=client_credentials', { basic: 'app:wrong' }],
  'invalid_client, body': ['grant_type=x&client_id=app&client_secret=wrong', {}],
  'invalid_grant, password': [password.replace('=secret', '=wrong'), {}],
  'invalid_grant, refresh': ['grant_type=refresh_token&refresh_token=x', { basic }],
  'unauthorized_client, grant': ['grant_type=client_credentials&client_id=web', {}],
  'unsupported_grant_type, x': ['grant_type=x&client_id=web', {}],
  'invalid_scope, unknown': [`${password}&scope=nonsense`, {}],
  'invalid_scope, malformed': [`${password}&scope=a%22b`, {}],
  'invalid_target, unknown': [`${password}&resource=https://nothing.example`, {}],
} as const

describe('RFC 6749 section 5.2: the error answer', () => {
  let server: Latchkey
  before(async () => {
    server = await startLatchkey()
  })
  after(() => server.stop())

  const invalidClient = (answer: Answer) => answer.json.error === 'invalid_client'

  for (const [what, [form, options]] of Object.entries(requests)) {
    it(`is JSON with the right code and status: ${what} [ERR-01 ERR-02 ERR-03 ERR-06 ERR-08 ERR-10]`, async () => {
      const answer = await server.post('/token', form, options)
      expect(answer.json.error).to.equal(what.split(',')[0])
      expect(answer.status).to.equal(invalidClient(answer) ? 401 : 400)
      expect(answer.headers.has('www-authenticate')).to.equal(invalidClient(answer))
      expect(answer.headers.get('content-type')).to.match(/^application\/json/)
      expect(answer.headers.get('cache-control')).to.equal('no-store')
      expect(answer.headers.get('pragma')).to.equal('no-cache')
      expect(answer.json.error).to.match(errorSet)
      expect(answer.json.error_description).to.match(errorSet)
    })
  }

  const hostile = ['a"b', 'a\\b', 'é', '\u2028', '<script>', 'a\tb', '\u007f', '😀', '%22%5c']
  for (const text of hostile) {
    it(`describes errors in plain characters whatever it was given: ${JSON.stringify(text)} [ERR-04]`, async () => {
      const answers = [
        await server.post('/token', { ...passwordGrant, username: text, password: 'x' }),
        await server.post('/token', { ...passwordGrant, scope: text }),
        await server.post('/token', { ...passwordGrant, resource: text }),
        await server.post('/token', { ...passwordGrant, client_id: text }),
        await server.post('/token', { grant_type: text, client_id: 'web' }),
        await server.post(
          '/token',
          { grant_type: 'refresh_token', refresh_token: text },
          { basic },
        ),
        await server.post('/token', 'x=y', { headers: { Authorization: 'Q"\\ x' } }),
        await server.post('/token', 'x=y', { basic: `${text}:${text}` }),
        await server.post('/introspect', { token: 'x', client_id: text }),
      ]
      for (const { status, json, headers } of answers) {
        expect(status).to.be.within(400, 401)
        expect(json.error).to.match(errorSet)
        expect(json.error_description).to.match(errorSet)
        expect(headers.get('www-authenticate') ?? '').to.match(/^[\x20-\x7e]*$/)
      }
    })
  }

  it('lets nothing else into a description, whoever wrote it [ERR-04]', () => {
    const text = descriptionText(`"quoted" back\\slash\r\n\u0000 café ${'x'.repeat(5000)}`)
    expect(text).to.match(errorSet).and.have.lengthOf.at.most(300)
    expect(text).to.include("'quoted'")
  })

  it('points to pages only by URIs [ERR-05]', async () => {
    for (const [form, options] of Object.values(requests)) {
      const { json } = await server.post('/token', form, options)
      const uri = json.error_uri ?? 'absent'
      expect(uri).to.match(/^[\x21\x23-\x5b\x5d-\x7e]+$/)
      expect(Object.keys(json)).to.have.members(['error', 'error_description'])
    }
  })

  it('is 401 with a challenge of the scheme that was used [ERR-07]', async () => {
    for (const pair of ['app:wrong', 'nobody:x', 'app:', ':']) {
      const answer = await server.post('/token', 'grant_type=client_credentials', { basic: pair })
      expect(answer.status, pair).to.equal(401)
      expect(answer.headers.get('www-authenticate'), pair).to.match(/^Basic /)
    }
  })

  it('holds no secret, no stack and nothing of the machine [ERR-09]', async () => {
    const canary = 'canary-5up3r-s3cr3t'
    const answers = [
      await server.post('/token', { ...passwordGrant, password: canary }),
      await server.post('/token', { ...passwordGrant, username: canary, password: canary }),
      await server.post(
        '/token',
        { grant_type: 'refresh_token', refresh_token: canary },
        { basic },
      ),
      await server.post('/token', { grant_type: canary, client_id: canary }),
      await server.post('/token', { ...passwordGrant, scope: canary }),
      await server.post('/token', { ...passwordGrant, client_secret: canary }),
      await server.post('/token', `grant_type=client_credentials`, { basic: `app:${canary}` }),
      await server.post('/token', `password=${canary}&password=${canary}&client_id=web`),
      await server.post('/token', `{"password":"${canary}"}`, {
        headers: { 'Content-Type': 'application/json' },
      }),
      await server.post('/token', `${canary}=%zz&client_id=web`),
      await server.post('/token', 'x=y', { headers: { Authorization: canary } }),
      await server.post('/token', 'x=y', { headers: { Authorization: `${canary} x` } }),
    ]
    for (const { status, text, headers } of answers) {
      expect(status).to.be.within(400, 401)
      expect(text).not.to.include(canary)
      expect(text).not.to.match(/node_modules|\.ts:|at \w+ \(|Error:/)
      expect([...headers.values()].join()).not.to.include(canary)
    }
  })
})
