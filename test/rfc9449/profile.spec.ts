import { randomUUID } from 'node:crypto'
import { expect } from 'chai'
import { readChallenges } from '../parts/challenge.ts'
import { ath, dpopProof, type ProofParts } from '../parts/dpop-proof.ts'
import { makeKey } from '../parts/issuer.ts'
import { type Latchkey, passwordGrant, startLatchkey } from '../parts/latchkey.ts'
import { freePort } from '../parts/port.ts'
import { type RedisServer, startRedis } from '../parts/redis.ts'

const key = makeKey()

async function boundLogin({ post, issuer }: Latchkey, by = key) {
  const headers = { DPoP: dpopProof(by, 'POST', `${issuer}/token`) }
  return (await post('/token', passwordGrant, { headers })).json
}

const proofOf = (issuer: string, token: string, { header, claims, by }: ProofParts = {}) =>
  dpopProof(by ?? key, 'GET', `${issuer}/users/me`, {
    claims: { ath: ath(token), ...claims },
    ...(header && { header }),
  })

async function profile(url: string, Authorization: string, DPoP?: string) {
  const headers = { Authorization, ...(DPoP !== undefined && { DPoP }) }
  const response = await fetch(`${url}/users/me`, { headers })
  return {
    status: response.status,
    body: (await response.json()) as Record<string, unknown>,
    challenges:
      response.status === 401 ? readChallenges(response.headers.get('www-authenticate')) : [],
  }
}

describe('RFC 9449 section 7: DPoP at GET /users/me', () => {
  let latchkey: Latchkey
  let token: string

  before(async () => {
    latchkey = await startLatchkey()
    token = (await boundLogin(latchkey)).access_token
  })

  after(() => latchkey.stop())

  const proof = (parts?: ProofParts) => proofOf(latchkey.issuer, token, parts)
  const get = (DPoP?: string, scheme = 'DPoP', presented = token) =>
    profile(latchkey.issuer, `${scheme} ${presented}`, DPoP)

  it('takes a bound token with its proof [DPO-08 BEA-14]', async () => {
    const { status, body } = await get(proof())
    expect(status).to.equal(200)
    expect(body.username).to.equal('johndoe')
    expect((await get(proof(), 'dpop')).status).to.equal(200)
  })

  it('challenges with both schemes and the algorithms, and says the error in the one that was used [DPO-10 DPO-03]', async () => {
    const none = readChallenges(
      (await fetch(`${latchkey.issuer}/users/me`)).headers.get('www-authenticate'),
    )
    expect(none.map(({ scheme }) => scheme)).to.deep.equal(['bearer', 'dpop'])
    expect(none[1]?.parameters.algs).to.equal('ES256 RS256 PS256 EdDSA')
    expect(none[1]?.parameters).not.to.have.property('error')
    const { status, challenges } = await get('nonsense')
    expect(status).to.equal(401)
    const dpop = challenges.find(({ scheme }) => scheme === 'dpop')
    expect(dpop?.parameters).to.include({ error: 'invalid_dpop_proof' })
  })

  it('section 7.2: refuses a bound token as Bearer, and an unbound one as DPoP [BEA-14]', async () => {
    for (const DPoP of [undefined, proof()]) {
      const { status, challenges } = await get(DPoP, 'Bearer')
      expect(status).to.equal(401)
      expect(challenges[0]?.parameters.error).to.equal('invalid_token')
    }
    const { access_token } = await latchkey.login()
    const unbound = await get(proofOf(latchkey.issuer, access_token), 'DPoP', access_token)
    expect(unbound.status).to.equal(401)
  })

  it('refuses the token without a proof, with the proof of another key, or for another token [DPO-08]', async () => {
    const other = await latchkey.login()
    for (const presented of [
      undefined,
      proof({ by: makeKey() }),
      proof({ claims: { ath: undefined } }),
      proof({ claims: { ath: ath(other.access_token) } }),
      proof({ claims: { htm: 'POST' } }),
      proof({ claims: { htu: `${latchkey.issuer}/token` } }),
      proof({ claims: { htu: 'https://evil.example/users/me' } }),
      proof({ claims: { iat: Math.floor(Date.now() / 1000) - 600 } }),
      proof({ header: { typ: 'JWT' } }),
    ]) {
      expect((await get(presented)).status, presented).to.equal(401)
    }
  })

  it('goes by the issuer that is configured, not by Host [DPO-02]', async () => {
    const htu = 'http://evil.example/users/me'
    const headers = {
      Host: 'evil.example',
      'X-Forwarded-Host': 'evil.example',
      Authorization: `DPoP ${token}`,
      DPoP: proof({ claims: { htu } }),
    }
    const response = await fetch(`${latchkey.issuer}/users/me`, { headers })
    expect(response.status).to.equal(401)
  })

  it('goes by the path of an issuer that has one [DPO-02]', async () => {
    const port = await freePort()
    const issuer = `http://127.0.0.1:${port}/tenant/one`
    const below = await startLatchkey({ issuer, listen: { host: '127.0.0.1', port } })
    try {
      const { access_token } = await boundLogin(below)
      const good = proofOf(issuer, access_token)
      expect((await profile(issuer, `DPoP ${access_token}`, good)).status).to.equal(200)
      const htu = `http://127.0.0.1:${port}/users/me`
      const short = proofOf(issuer, access_token, { claims: { htu } })
      expect((await profile(issuer, `DPoP ${access_token}`, short)).status).to.equal(401)
    } finally {
      await below.stop()
    }
  })

  it('section 11.1: takes a proof once [DPO-09]', async () => {
    const good = proof()
    expect((await get(good)).status).to.equal(200)
    expect((await get(good)).status).to.equal(401)
    const jti = randomUUID()
    expect((await get(proof({ claims: { jti } }))).status).to.equal(200)
    expect((await get(proof({ claims: { jti } }))).status).to.equal(401)
  })
})

for (const store of ['SQLite', 'Redis']) {
  describe(`RFC 9449 section 11.1: a proof at two instances that share ${store}`, () => {
    let redis: RedisServer | undefined
    let first: Latchkey
    let second: Latchkey

    before(async () => {
      redis = store === 'Redis' ? await startRedis() : undefined
      first = await startLatchkey({ ...(redis && { state: redis.url }) })
      second = await startLatchkey({
        issuer: first.issuer,
        keys: `${first.folder}/keys`,
        users: [{ type: 'embedded', path: `${first.folder}/users.sqlite` }],
        state: redis?.url ?? `sqlite:${first.folder}/state.sqlite`,
      })
    })

    after(async () => {
      await second.stop()
      await first.stop()
      await redis?.stop()
    })

    const both = <T>(ask: (instance: Latchkey) => Promise<T>): Promise<T[]> =>
      Promise.all(Array.from({ length: 8 }, (_, index) => ask(index % 2 ? first : second)))

    it('is taken by one token endpoint, however many try at once [DPO-09]', async () => {
      for (let round = 0; round < 3; round++) {
        const headers = { DPoP: dpopProof(key, 'POST', `${first.issuer}/token`) }
        const answers = await both(({ post }) => post('/token', passwordGrant, { headers }))
        const outcomes = answers.map(({ json }) => json.error ?? 'taken')
        expect(outcomes.filter((outcome) => outcome === 'taken')).to.have.lengthOf(1)
        expect(outcomes.filter((one) => one === 'invalid_dpop_proof')).to.have.lengthOf(7)
      }
    })

    it('is taken by one GET /users/me, however many try at once [DPO-09]', async () => {
      const { access_token } = await boundLogin(first)
      for (let round = 0; round < 3; round++) {
        const proof = proofOf(first.issuer, access_token)
        const answers = await both(({ service }) =>
          profile(service.url, `DPoP ${access_token}`, proof),
        )
        const statuses = answers.map(({ status }) => status).sort()
        expect(statuses).to.deep.equal([200, ...Array(7).fill(401)])
      }
    })

    it('takes the nonce that the other one gave [DPO-06]', async () => {
      const url = `${first.issuer}/token`
      const ask = ({ post }: Latchkey, claims: object) =>
        post('/token', passwordGrant, {
          headers: { DPoP: dpopProof(key, 'POST', url, { claims }) },
        })
      const { headers } = await ask(first, { iat: 1 })
      const nonce = headers.get('dpop-nonce')
      expect(nonce).to.be.a('string')
      expect((await ask(second, { iat: 1, nonce })).json.token_type).to.equal('DPoP')
    })
  })
}

describe('RFC 9449 section 11.1: a spent proof', () => {
  let redis: RedisServer
  let latchkey: Latchkey

  before(async () => {
    redis = await startRedis()
    latchkey = await startLatchkey({ state: redis.url })
  })

  after(async () => {
    await latchkey.stop()
    await redis.stop()
  })

  it('is remembered for as long as it is good, one that is dated ahead for longer [DPO-09]', async () => {
    const iat = Math.floor(Date.now() / 1000) + 290
    const keysOf = async () =>
      (await redis.command('KEYS', '*dpop*')).split('\r\n').filter((line) => line.includes('dpop'))
    const DPoP = dpopProof(key, 'POST', `${latchkey.issuer}/token`, { claims: { iat } })
    const answer = await latchkey.post('/token', passwordGrant, { headers: { DPoP } })
    expect(answer.json.token_type).to.equal('DPoP')
    const [spent = ''] = await keysOf()
    const rest = Number((await redis.command('TTL', spent)).slice(1))
    expect(rest).to.be.within(580, 600)
  })
})
