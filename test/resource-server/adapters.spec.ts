import { expect } from 'chai'
import { createVerifier } from '../../src/resource-server/index.ts'
import { goodClaims, makeKey, signCompact, startIssuer, type TestIssuer } from '../parts/issuer.ts'
import { type Api, protectedApis } from '../parts/protected-apis.ts'
import { rawGet } from '../parts/raw-request.ts'

for (const [name, startApi] of Object.entries(protectedApis)) {
  describe(`RFC 6750 with the ${name} adapter`, () => {
    const key = makeKey()
    let issuer: TestIssuer
    let api: Api

    before(async () => {
      issuer = await startIssuer([key])
      const verifier = createVerifier({ issuer: issuer.url, audience: 'https://api.example' })
      api = await startApi(verifier, { realm: 'demo', scopes: ['me', 'items'] })
    })

    after(async () => {
      await api.close()
      await issuer.close()
    })

    const token = (claims: object = {}) =>
      signCompact(
        { alg: 'ES256', typ: 'at+jwt', kid: key.kid },
        { ...goodClaims(issuer.url), ...claims },
        key,
      )

    const get = (authorization: readonly string[], query = '') =>
      rawGet(
        `${api.url}/users/me${query}`,
        authorization.flatMap((value) => ['authorization', value]),
      )

    it('section 2.1: takes a token in the Authorization header and hands on its claims', async () => {
      const answer = await get([`Bearer ${token()}`])
      expect(answer.status).to.equal(200)
      expect(answer.body).to.include({ iss: issuer.url, sub: 'johndoe', client_id: 'demo-app' })
    })

    it('RFC 9110 section 11.1: takes the scheme in any case, and several spaces', async () => {
      for (const scheme of ['bearer', 'BEARER', 'bEaReR ']) {
        expect((await get([`${scheme} ${token()}`])).status, scheme).to.equal(200)
      }
    })

    it('section 3.1: no token is 401 without an error code', async () => {
      const answers = [await get([]), await get(['Basic dXNlcjpwYXNz']), await get([token()])]
      for (const { status, challenge, body } of answers) {
        expect(status).to.equal(401)
        expect(challenge).to.equal('Bearer realm="demo"')
        expect(body).to.deep.equal({ error_description: 'an access token is required' })
      }
    })

    it('section 2.3: a token in the query is none', async () => {
      const answer = await get([], `?access_token=${token()}`)
      expect(answer.status).to.equal(401)
      expect(answer.challenge).to.equal('Bearer realm="demo"')
    })

    it('section 3.1: a second token in the query is invalid_request', async () => {
      const answer = await get([`Bearer ${token()}`], `?access_token=${token()}`)
      expect(answer.status).to.equal(400)
      expect(answer.challenge).to.equal(
        'Bearer realm="demo", error="invalid_request", error_description="the token is sent in more than one way"',
      )
    })

    it('section 3.1: two Authorization headers are invalid_request', async () => {
      for (const pair of [
        [`Bearer ${token()}`, `Bearer ${token()}`],
        [`Bearer ${token()}`, 'Basic dXNlcjpwYXNz'],
      ]) {
        const { status, challenge, body } = await get(pair)
        expect(status).to.equal(400)
        expect(challenge).to.match(/^Bearer realm="demo", error="invalid_request", /)
        expect(body.error).to.equal('invalid_request')
      }
    })

    it('section 2.1: what is no b64token is invalid_request', async () => {
      const good = token()
      const malformed = [
        'Bearer',
        `Bearer "${good}"`,
        `Bearer ${good},x`,
        `Bearer ${good} x`,
        `Bearer\t${good}`.replace('\t', ' \t'),
        'Bearer =',
        'Bearer ä',
      ]
      for (const value of malformed) {
        const { status, challenge } = await get([Buffer.from(value).toString('latin1')])
        expect(status, value).to.equal(400)
        expect(challenge).to.equal(
          'Bearer realm="demo", error="invalid_request", error_description="the Authorization header is malformed"',
        )
      }
    })

    it('section 3.1: a bad token is invalid_token', async () => {
      const answer = await get(['Bearer mF_9.B5f-4.1JqM'])
      expect(answer.status).to.equal(401)
      expect(answer.challenge).to.equal(
        'Bearer realm="demo", error="invalid_token", error_description="the token is malformed or not genuine"',
      )
      expect(answer.body).to.deep.equal({
        error: 'invalid_token',
        error_description: 'the token is malformed or not genuine',
      })
    })

    it('section 3.1: an expired token is invalid_token', async () => {
      const answer = await get([`Bearer ${token({ exp: Math.floor(Date.now() / 1000) - 60 })}`])
      expect(answer.status).to.equal(401)
      expect(answer.challenge).to.equal(
        'Bearer realm="demo", error="invalid_token", error_description="the token has expired"',
      )
    })

    it('section 3.1: too little scope is 403 insufficient_scope and names what is needed', async () => {
      for (const scope of ['me', 'items', 'ME ITEMS', 'me  item', '', undefined]) {
        const answer = await get([`Bearer ${token({ scope })}`])
        expect(answer.status, scope).to.equal(403)
        expect(answer.challenge).to.equal(
          'Bearer realm="demo", error="insufficient_scope", error_description="the token lacks a scope", scope="me items"',
        )
        expect(answer.body.error).to.equal('insufficient_scope')
      }
    })

    it('RFC 9449 section 7: does not know the scheme DPoP unless it is configured', async () => {
      const answer = await get([`DPoP ${token()}`])
      expect(answer.status).to.equal(401)
      expect(answer.challenge).to.equal('Bearer realm="demo"')
    })
  })
}
