import { createHash, generateKeyPairSync, randomUUID } from 'node:crypto'
import { expect } from 'chai'
import { calculateJwkThumbprint, type JWK } from 'jose'
import { createVerifier, type DpopOptions } from '../../src/resource-server/index.ts'
import { replayMemory } from '../../src/resource-server/replay.ts'
import { goodClaims, makeKey, signCompact, type TestKey } from '../parts/issuer.ts'
import { type Api, protectedApis } from '../parts/protected-apis.ts'
import { rawGet } from '../parts/raw-request.ts'

const issuer = 'https://login.example'
const origin = 'https://api.example'
const algs = 'ES256 ES384 RS256 PS256 EdDSA ML-DSA-44 ML-DSA-65'
const issuerKey = makeKey()
const client = makeKey()
const stranger = makeKey()

const hash = (text: string) => createHash('sha256').update(text).digest('base64url')
const publicPart = ({ publicJwk }: TestKey): JWK => {
  const { kty = 'EC', crv = '', x = '', y = '' } = publicJwk
  return { kty, crv, x, y }
}

async function boundToken(key: TestKey | undefined = client): Promise<string> {
  const cnf = { jkt: await calculateJwkThumbprint(publicPart(key)) }
  const header = { alg: 'ES256', typ: 'at+jwt', kid: issuerKey.kid }
  return signCompact(header, { ...goodClaims(issuer), cnf }, issuerKey)
}

function proofFor(
  token: string,
  more: { header?: object; claims?: object; key?: TestKey } = {},
): string {
  const { header, claims, key = client } = more
  return signCompact(
    { typ: 'dpop+jwt', alg: key.alg, jwk: publicPart(key), ...header },
    {
      jti: randomUUID(),
      htm: 'GET',
      htu: `${origin}/users/me`,
      iat: Math.floor(Date.now() / 1000),
      ath: hash(token),
      ...claims,
    },
    key,
  )
}

const verifierWith = (dpop?: Partial<DpopOptions>) =>
  createVerifier({
    issuer,
    audience: 'https://api.example',
    jwks: { keys: [issuerKey.publicJwk] },
    dpop: { origin, ...dpop },
  })

for (const [name, startApi] of Object.entries(protectedApis)) {
  describe(`RFC 9449 with the ${name} adapter`, () => {
    let api: Api

    before(async () => {
      api = await startApi(verifierWith())
    })

    after(() => api.close())

    const get = (
      scheme: string,
      token: string,
      proofs: readonly string[] = [],
      path = '/users/me',
    ) =>
      rawGet(api.url + path, [
        'authorization',
        `${scheme} ${token}`,
        ...proofs.flatMap((proof) => ['dpop', proof]),
      ])

    async function refused(proofs: readonly string[], reason: string, token: string) {
      const answer = await get('DPoP', token, proofs)
      expect(answer.status, reason).to.equal(401)
      expect(answer.challenge).to.equal(
        `Bearer realm="api", DPoP error="invalid_dpop_proof", error_description="DPoP proof: ${reason}", algs="${algs}"`,
      )
    }

    it('section 7.1: takes a bound token with its proof, under any case of the scheme', async () => {
      for (const scheme of ['DPoP', 'dpop', 'DPOP']) {
        const token = await boundToken()
        const answer = await get(scheme, token, [proofFor(token)])
        expect(answer.status).to.equal(200)
        expect(answer.body.sub).to.equal('johndoe')
      }
    })

    it('section 7.1: challenges with the algorithms for proofs', async () => {
      const answer = await rawGet(`${api.url}/users/me`)
      expect(answer.status).to.equal(401)
      expect(answer.challenge).to.equal(`Bearer realm="api", DPoP algs="${algs}"`)
    })

    it('section 7.2: refuses a bound token as Bearer, with and without its proof', async () => {
      const token = await boundToken()
      for (const proofs of [[], [proofFor(token)]]) {
        const answer = await get('Bearer', token, proofs)
        expect(answer.status).to.equal(401)
        expect(answer.challenge).to.equal(
          `Bearer realm="api", error="invalid_token", error_description="the token is bound to a key and needs a DPoP proof", DPoP algs="${algs}"`,
        )
      }
    })

    it('section 7.1: refuses an unbound token under the scheme DPoP', async () => {
      const header = { alg: 'ES256', typ: 'at+jwt', kid: issuerKey.kid }
      const token = signCompact(header, goodClaims(issuer), issuerKey)
      const answer = await get('DPoP', token, [proofFor(token)])
      expect(answer.status).to.equal(401)
      expect(answer.challenge).to.equal(
        `Bearer realm="api", DPoP error="invalid_token", error_description="the token is not bound to a key", algs="${algs}"`,
      )
      expect((await get('Bearer', token)).status).to.equal(200)
    })

    it("section 4.3: refuses another key's proof", async () => {
      const token = await boundToken()
      const answer = await get('DPoP', token, [proofFor(token, { key: stranger })])
      expect(answer.status).to.equal(401)
      expect(answer.challenge).to.contain('DPoP error="invalid_token"')
    })

    it('section 4.3: wants exactly one header', async () => {
      const token = await boundToken()
      await refused([], 'exactly one DPoP header is required', token)
      const two = [proofFor(token), proofFor(token)]
      const answer = await get('DPoP', token, two)
      expect(answer.status).to.equal(401)
      expect(answer.challenge).to.contain('error="invalid_dpop_proof"')
    })

    it('section 11.1: takes a proof once', async () => {
      const token = await boundToken()
      const proof = proofFor(token)
      expect((await get('DPoP', token, [proof])).status).to.equal(200)
      await refused([proof], 'the proof is used', token)
    })

    it('section 4.3: htu is the URL without query and fragment, normalized', async () => {
      for (const htu of [
        `${origin}/users/me?x=1#y`,
        'HTTPS://API.EXAMPLE:443/users/me',
        `${origin}/users/./x/../%6d%65`,
      ]) {
        const token = await boundToken()
        const proof = proofFor(token, { claims: { htu } })
        expect((await get('DPoP', token, [proof], '/users/me?page=2')).status, htu).to.equal(200)
      }
    })

    it('section 4.3: refuses a proof for another URL or method', async () => {
      const token = await boundToken()
      for (const htu of [
        `${origin}/users/me/`,
        `${origin}/users`,
        'https://evil.example/users/me',
        'http://api.example/users/me',
        `${api.url}/users/me`,
        '/users/me',
        undefined,
        1,
      ]) {
        const proof = proofFor(token, { claims: { htu } })
        await refused([proof], 'htu is not the URL of the request', token)
      }
      for (const htm of ['POST', 'get', undefined]) {
        const proof = proofFor(token, { claims: { htm } })
        await refused([proof], 'htm is not the method of the request', token)
      }
    })
  })
}

describe('RFC 9449 section 4.3: a proof is refused', () => {
  const verifier = verifierWith()

  async function outcome(proof: string, token: string, by = verifier): Promise<string> {
    const request = { scheme: 'DPoP', method: 'GET', target: '/users/me', proofs: [proof] } as const
    return by.verify(token, request).then(
      ({ sub }) => sub,
      (error) => `${error.code ?? error.name}: ${error.message}`,
    )
  }

  const refuses = async (
    more: { header?: object; claims?: object; key?: TestKey },
    pattern: RegExp,
  ) => {
    const token = await boundToken()
    const label = JSON.stringify(more)
    expect(await outcome(proofFor(token, more), token), label).to.match(pattern)
  }

  it('unless it is good', async () => {
    const token = await boundToken()
    expect(await outcome(proofFor(token), token)).to.equal('johndoe')
  })

  it('when its typ is another', async () => {
    for (const typ of ['JWT', 'at+jwt', undefined]) {
      await refuses({ header: { typ } }, /^invalid_dpop_proof: .*typ/)
    }
  })

  it('when its algorithm is symmetric, none or not allowed', async () => {
    for (const alg of ['none', 'HS256', 'ES384']) {
      await refuses({ header: { alg } }, /^invalid_dpop_proof/)
    }
  })

  it('when its key is missing, private, symmetric, off the curve or weak', async () => {
    const { d = '' } = client.privateKey.export({ format: 'jwk' })
    const { x } = publicPart(client)
    const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 1024 })
    for (const jwk of [
      undefined,
      null,
      'key',
      [],
      {},
      { ...publicPart(client), d: String(d) },
      { kty: 'oct', k: 'AAAA' },
      { kty: 'EC', crv: 'P-256', x, y: x },
      publicPart(stranger),
    ]) {
      await refuses({ header: { jwk } }, /^invalid_dpop_proof/)
    }
    const weak = { alg: 'RS256', kid: 'weak', privateKey, publicJwk: client.publicJwk }
    const jwk = publicKey.export({ format: 'jwk' })
    await refuses({ key: weak, header: { jwk } }, /^invalid_dpop_proof: .*2048/)
  })

  it('when it has crit, or is no JWS at all', async () => {
    await refuses({ header: { crit: ['b64'] } }, /^invalid_dpop_proof: .*crit/)
    const token = await boundToken()
    for (const proof of ['', 'x', 'a.b.c', `${proofFor(token)}, ${proofFor(token)}`]) {
      expect(await outcome(proof, token)).to.match(/^invalid_dpop_proof/)
    }
  })

  it('when it is old, from the future or undated', async () => {
    const now = Math.floor(Date.now() / 1000)
    for (const iat of [now - 80, now + 20, undefined, String(now)]) {
      await refuses({ claims: { iat } }, /^invalid_dpop_proof: .*iat/)
    }
  })

  it('when it is for another access token, or for none', async () => {
    for (const ath of [hash('another'), undefined]) {
      await refuses({ claims: { ath } }, /^invalid_dpop_proof: .*ath/)
    }
  })

  it('when it has no identifier', async () => {
    for (const jti of [undefined, '', 1]) {
      await refuses({ claims: { jti } }, /^invalid_dpop_proof: .*jti/)
    }
  })

  it('when another instance has seen it, with a memory that both share', async () => {
    const firstUse = replayMemory()
    const [one, other] = [verifierWith({ firstUse }), verifierWith({ firstUse })]
    const token = await boundToken()
    const proof = proofFor(token)
    expect(await outcome(proof, token, one)).to.equal('johndoe')
    expect(await outcome(proof, token, other)).to.match(/^invalid_dpop_proof: .*used/)
  })

  it('and not remembered, when another check fails', async () => {
    const seen: string[] = []
    const by = verifierWith({ firstUse: (id) => seen.push(id) > 0 })
    const token = await boundToken()
    await outcome(proofFor(token, { claims: { ath: 'x' } }), token, by)
    expect(seen).to.deep.equal([])
    await outcome(proofFor(token), token, by)
    expect(seen).to.have.lengthOf(1)
  })
})

describe('the memory of used proofs', () => {
  const now = () => Date.now() / 1000

  it('forgets what has expired, and judges nothing when it is full of what has not', () => {
    const firstUse = replayMemory(2)
    expect(firstUse('expired', now() - 1)).to.equal(true)
    expect(firstUse('a', now() + 60)).to.equal(true)
    expect(firstUse('b', now() + 60)).to.equal(true)
    expect(firstUse('a', now() + 60)).to.equal(false)
    expect(() => firstUse('c', now() + 60)).to.throw('too many DPoP proofs')
    expect(firstUse('b', now() + 60)).to.equal(false)
  })
})
