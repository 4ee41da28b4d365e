import { createHmac, generateKeyPairSync, randomUUID } from 'node:crypto'
import { createServer } from 'node:http'
import { expect } from 'chai'
import { hashSecret } from '../../src/clients/secrets.ts'
import { readMetadata } from '../parts/documents.ts'
import { dpopProof, type ProofParts, publicMembers, thumbprintOf } from '../parts/dpop-proof.ts'
import { makeKey, signCompact } from '../parts/issuer.ts'
import {
  fixtureClients,
  type Latchkey,
  passwordGrant,
  secret,
  startLatchkey,
} from '../parts/latchkey.ts'
import { listen } from '../parts/listen.ts'
import { exchange, formRequest } from '../parts/raw-socket.ts'
import { decodeJws } from '../parts/server-key.ts'

const dpopClients = [
  ...fixtureClients,
  { id: 'bound-web', public: true, grants: ['password', 'refresh_token'], dpopBound: true },
  {
    id: 'bound-app',
    secrets: [hashSecret(secret)],
    grants: ['password', 'refresh_token', 'client_credentials'],
    dpopBound: true,
  },
]
const machine = { grant_type: 'client_credentials', scope: 'read' }
const now = () => Math.floor(Date.now() / 1000)

describe('RFC 9449: DPoP at the token endpoint', () => {
  const key = makeKey()
  const other = makeKey()
  let latchkey: Latchkey
  let tokenUrl: string

  before(async () => {
    latchkey = await startLatchkey({ clients: dpopClients })
    tokenUrl = `${latchkey.issuer}/token`
  })

  after(() => latchkey.stop())

  const proof = (parts?: ProofParts, by = key) => dpopProof(by, 'POST', tokenUrl, parts)
  const ask = (
    DPoP: string | undefined,
    form: Record<string, string> = machine,
    basic: string | undefined = form.client_id === undefined ? `app:${secret}` : undefined,
  ) =>
    latchkey.post('/token', form, {
      ...(basic !== undefined && { basic }),
      headers: DPoP === undefined ? {} : { DPoP },
    })
  const refresh = (refresh_token: string, client_id = 'web') => ({
    grant_type: 'refresh_token',
    refresh_token,
    client_id,
  })

  async function refused(presented: string, what = presented) {
    const { status, json } = await ask(presented)
    expect(json, what).to.include({ error: 'invalid_dpop_proof' })
    expect(status, what).to.equal(400)
  }

  it('section 5: binds tokens of every grant to the key [DPO-04 BCP-01]', async () => {
    const jkt = thumbprintOf(key)
    const service = await ask(proof())
    const login = await ask(proof(), passwordGrant)
    const refreshed = await ask(proof(), refresh(login.json.refresh_token))
    for (const { json } of [service, login, refreshed]) {
      expect(json.token_type).to.equal('DPoP')
      expect(decodeJws(json.access_token).claims.cnf).to.deep.equal({ jkt })
    }
  })

  it('section 5: takes every algorithm that the metadata name [MET-17 DPO-01]', async () => {
    const metadata = await readMetadata(latchkey.issuer)
    const algorithms = metadata.dpop_signing_alg_values_supported as string[]
    expect(algorithms).to.deep.equal(['ES256', 'RS256', 'PS256', 'EdDSA'])
    for (const alg of algorithms) {
      const by = makeKey(alg)
      const { json } = await ask(proof(undefined, by))
      expect(json.token_type, alg).to.equal('DPoP')
      expect(decodeJws(json.access_token).claims.cnf, alg).to.deep.equal({ jkt: thumbprintOf(by) })
    }
  })

  it('section 5: leaves tokens unbound where there is no proof', async () => {
    const { json } = await ask(undefined)
    expect(json.token_type).to.equal('Bearer')
    expect(decodeJws(json.access_token).claims).not.to.have.property('cnf')
  })

  it('section 5: binds the refresh token of a public client to the key [DPO-05]', async () => {
    const login = await ask(proof(), passwordGrant)
    const form = refresh(login.json.refresh_token)
    for (const presented of [undefined, proof(undefined, other)]) {
      const { status, json } = await ask(presented, form)
      expect([status, json.error]).to.deep.equal([400, 'invalid_grant'])
    }
    const { json } = await ask(proof(), form)
    expect(json.token_type, 'a refusal spends nothing').to.equal('DPoP')
  })

  it('section 5: does not bind that of a confidential client, which proves who it is', async () => {
    const basic = `app:${secret}`
    const { client_id: _, ...form } = passwordGrant
    const login = await ask(proof(), form, basic)
    const again = { grant_type: 'refresh_token', refresh_token: login.json.refresh_token }
    const { json } = await ask(proof(undefined, other), again, basic)
    expect(decodeJws(json.access_token).claims.cnf).to.deep.equal({ jkt: thumbprintOf(other) })
  })

  it('section 5.2: demands a proof of a client that is registered for it [DPO-11]', async () => {
    const form = { ...passwordGrant, client_id: 'bound-web' }
    const login = await ask(proof(), form)
    expect(login.json.token_type).to.equal('DPoP')
    const answers = [
      await ask(undefined, form),
      await ask(undefined, refresh(login.json.refresh_token, 'bound-web')),
      await ask(undefined, machine, `bound-app:${secret}`),
    ]
    for (const { status, json } of answers) {
      expect([status, json.error]).to.deep.equal([400, 'invalid_dpop_proof'])
    }
  })

  it('introspection shows the binding, of access and refresh tokens [INT-20]', async () => {
    const login = await ask(proof(), { ...passwordGrant, client_id: 'web', scope: 'peek' })
    const basic = `resource-server:${secret}`
    const { json } = await latchkey.post(
      '/introspect',
      { token: login.json.access_token },
      { basic },
    )
    expect(json).to.deep.include({ token_type: 'DPoP', cnf: { jkt: thumbprintOf(key) } })
    expect(login.json.access_token, 'an opaque one').not.to.include('.')
    const service = await ask(proof())
    const own = await latchkey.post('/introspect', { token: service.json.access_token }, { basic })
    expect(own.json).to.deep.include({ token_type: 'DPoP', cnf: { jkt: thumbprintOf(key) } })
  })

  describe('section 4.3: refuses a proof', () => {
    it('of another type, or without a public key in it [DPO-01 DPO-03 JOS-13]', async () => {
      for (const typ of ['JWT', 'at+jwt', undefined]) await refused(proof({ header: { typ } }))
      const privateJwk = key.privateKey.export({ format: 'jwk' })
      const weak = generateKeyPairSync('rsa', { modulusLength: 1024 })
      const weakKey = { ...key, alg: 'RS256', privateKey: weak.privateKey }
      const jwk = weak.publicKey.export({ format: 'jwk' })
      await refused(proof({ header: { jwk: undefined } }), 'no key')
      await refused(proof({ header: { jwk: privateJwk } }), 'a private key')
      await refused(proof({ header: { jwk: { kty: 'oct', k: 'c2VjcmV0' } } }), 'a symmetric key')
      await refused(
        proof({ header: { jwk: { ...publicMembers(key), y: 'AAAA' } } }),
        'off the curve',
      )
      await refused(proof({ header: { alg: 'RS256', jwk }, by: weakKey }), 'a weak key')
      await refused(proof({ header: { jwk: publicMembers(other) } }), 'the key of somebody else')
    })

    it('by none, by a MAC, or by an algorithm that the key is not for [DPO-01 JOS-01 JOS-02]', async () => {
      const [, payload, signature] = proof().split('.')
      const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
      const head = (alg: string) => part({ typ: 'dpop+jwt', alg, jwk: publicMembers(key) })
      for (const alg of ['none', 'None', 'nOnE', '', 'ES384', 'RS256']) {
        await refused(`${head(alg)}.${payload}.`)
        await refused(`${head(alg)}.${payload}.${signature}`)
      }
      const input = `${head('HS256')}.${payload}`
      const mac = createHmac('sha256', JSON.stringify(publicMembers(key))).update(input)
      await refused(`${input}.${mac.digest('base64url')}`)
    })

    it('with crit, repeated names, or another spelling [JOS-04 JOS-07 JOS-08 JOS-09 JOS-18]', async () => {
      for (const crit of [['exp'], ['b64'], [], 'exp']) await refused(proof({ header: { crit } }))
      const good = proof()
      const [head = '', payload = '', signature] = good.split('.')
      for (const spelling of [
        `${good}=`,
        `${good}==`,
        `${head}.${payload}=.${signature}`,
        `${head}. ${payload}.${signature}`,
        `${good}.`,
        `${good}.AA.AA`,
        `${good}, ${proof()}`,
        'x'.repeat(9000),
        'not a jwt',
      ]) {
        await refused(spelling)
      }
      const header = Buffer.from(head, 'base64url').toString()
      const claims = Buffer.from(payload, 'base64url').toString()
      await refused(signCompact(`${header.slice(0, -1)},"alg":"ES256"}`, claims, key))
      await refused(signCompact(header, `${claims.slice(0, -1)},"htm":"POST"}`, key))
      for (const text of ['[]', 'null', '"text"', '']) await refused(signCompact(header, text, key))
      expect((await ask(good)).status, 'none of them spent it').to.equal(200)
    })

    it('with a URL of a key, which it does not fetch [JOS-05]', async () => {
      const calls: string[] = []
      const trap = createServer()
      trap.on('connection', () => calls.push('connection'))
      const { url, close } = await listen(trap)
      try {
        await refused(proof({ header: { jwk: undefined, jku: url } }))
        await refused(proof({ header: { jwk: undefined, x5u: url } }))
      } finally {
        await close()
      }
      expect(calls).to.deep.equal([])
    })

    it('whose signature was changed [JOS-03 DPO-01]', async () => {
      const [head, payload, signature = ''] = proof().split('.')
      await refused(`${head}.${payload}.${signature.slice(0, -2)}`)
      await refused(`${head}.${payload}.${Buffer.alloc(64).toString('base64url')}`)
      await refused(proof({ by: other }))
    })

    it('for another method or URL [DPO-02 DPO-03]', async () => {
      const { issuer } = latchkey
      for (const htm of ['GET', 'post', '', undefined, 1]) await refused(proof({ claims: { htm } }))
      for (const htu of [
        issuer,
        `${issuer}/introspect`,
        `${issuer}/token/`,
        `${issuer}/TOKEN`,
        tokenUrl.replace('http:', 'https:'),
        tokenUrl.replace('127.0.0.1', 'localhost'),
        '/token',
        '',
        undefined,
        [tokenUrl],
      ]) {
        await refused(proof({ claims: { htu } }), String(htu))
      }
    })

    it('but not for query, fragment or case of the URL [DPO-02]', async () => {
      for (const htu of [`${tokenUrl}?a=b`, `${tokenUrl}#x`, tokenUrl.replace('http', 'HTTP')]) {
        expect((await ask(proof({ claims: { htu } }))).status, htu).to.equal(200)
      }
    })

    it('without an identifier or a time [DPO-02]', async () => {
      for (const claims of [{ jti: undefined }, { jti: '' }, { jti: 1 }]) {
        await refused(proof({ claims }))
      }
      for (const claims of [{ iat: undefined }, { iat: String(now()) }, { iat: null }]) {
        await refused(proof({ claims }))
      }
    })

    it('beside another one [DPO-01]', async () => {
      const basic = Buffer.from(`app:${secret}`).toString('base64')
      const form = new URLSearchParams(machine).toString()
      const proofs = [proof(), proof()].map((one) => `DPoP: ${one}`)
      const request = formRequest('/token', form, [`Authorization: Basic ${basic}`, ...proofs])
      const { status, json } = await exchange(latchkey.service.url, request)
      expect([status, json.error]).to.deep.equal([400, 'invalid_dpop_proof'])
    })

    it('that was used, by whichever client [DPO-09]', async () => {
      const good = proof()
      expect((await ask(good)).status).to.equal(200)
      await refused(good)
      const { json } = await ask(good, passwordGrant)
      expect(json.error).to.equal('invalid_dpop_proof')
      const jti = randomUUID()
      expect((await ask(proof({ claims: { jti } }))).status).to.equal(200)
      await refused(proof({ claims: { jti } }), 'another proof with its jti')
      const theirs = proof({ claims: { jti } }, other)
      expect((await ask(theirs)).status, 'the same jti of another key').to.equal(200)
    })
  })

  it('section 4.3: is refused before the password is looked at, and spends nothing when it fails', async () => {
    const form = { ...passwordGrant, password: 'wrong' }
    const { json } = await ask(proof({ claims: { htm: 'GET' } }), form)
    expect(json.error).to.equal('invalid_dpop_proof')
  })

  describe('section 8: a nonce', () => {
    const nonceOf = (headers: Headers) => headers.get('dpop-nonce') ?? ''

    it('is asked for where the time of a proof is off, and then the time is no matter [DPO-06 DPO-12]', async () => {
      for (const iat of [now() - 3600, now() + 3600, 1]) {
        const { status, json, headers } = await ask(proof({ claims: { iat } }))
        expect([status, json.error]).to.deep.equal([400, 'use_dpop_nonce'])
        expect(headers.get('cache-control')).to.equal('no-store')
        const nonce = nonceOf(headers)
        // RFC 9449 section 8.1.
        expect(nonce).to.match(/^[\x21\x23-\x5b\x5d-\x7e]+$/)
        const again = await ask(proof({ claims: { iat, nonce } }))
        expect(again.json.token_type).to.equal('DPoP')
      }
    })

    it('is ours, or another is asked for [DPO-06]', async () => {
      for (const nonce of ['x', 'A'.repeat(43), randomUUID()]) {
        const { status, json, headers } = await ask(proof({ claims: { nonce } }))
        expect([status, json.error], nonce).to.deep.equal([400, 'use_dpop_nonce'])
        expect(nonceOf(headers)).to.have.lengthOf(43)
      }
      await refused(proof({ claims: { nonce: 1 } }))
    })

    it('may be read by a page of the client [DPO-12 COR-06]', async () => {
      const { headers } = await latchkey.post('/token', passwordGrant, {
        headers: { DPoP: proof({ claims: { iat: 1 } }), Origin: 'https://web.example' },
      })
      expect(headers.get('access-control-allow-origin')).to.equal('https://web.example')
      expect(headers.get('access-control-expose-headers')).to.match(/DPoP-Nonce/i)
    })

    it('does not make a proof good twice [DPO-09]', async () => {
      const { headers } = await ask(proof({ claims: { iat: 1 } }))
      const good = proof({ claims: { iat: 1, nonce: nonceOf(headers) } })
      expect((await ask(good)).status).to.equal(200)
      await refused(good)
    })

    it('is asked of every proof where the configuration says so [DPO-06]', async () => {
      const strict = await startLatchkey({ clients: dpopClients, dpop: { requireNonce: true } })
      try {
        const url = `${strict.issuer}/token`
        const send = (claims: object) =>
          strict.post('/token', passwordGrant, {
            headers: { DPoP: dpopProof(key, 'POST', url, { claims }) },
          })
        const first = await send({})
        expect([first.status, first.json.error]).to.deep.equal([400, 'use_dpop_nonce'])
        const second = await send({ nonce: nonceOf(first.headers) })
        expect(second.json.token_type).to.equal('DPoP')
        expect((await strict.post('/token', passwordGrant)).json.token_type).to.equal('Bearer')
      } finally {
        await strict.stop()
      }
    })
  })
})
