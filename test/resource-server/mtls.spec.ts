import { execFileSync } from 'node:child_process'
import { createHash, X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer as createHttpServer } from 'node:http'
import { createServer, request } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import Koa, { type Context } from 'koa'
import { createVerifier, koaAccessToken } from '../../src/resource-server/index.ts'
import { goodClaims, makeKey, signCompact } from '../parts/issuer.ts'
import { listen } from '../parts/listen.ts'

interface Pair {
  readonly key: Buffer
  readonly cert: Buffer
}

describe('RFC 8705 section 3: a token bound to a client certificate', () => {
  const issuer = 'https://login.example'
  const key = makeKey()
  let folder: string
  let server: Awaited<ReturnType<typeof listen>>
  let own: Pair
  let other: Pair

  function selfSigned(name: string): Pair {
    const [keyFile, certFile] = [join(folder, `${name}.key`), join(folder, `${name}.pem`)]
    const options = 'req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 1'.split(
      ' ',
    )
    const files = ['-keyout', keyFile, '-out', certFile, '-subj', `/CN=${name}`]
    execFileSync('openssl', [...options, ...files], { stdio: 'ignore' })
    return { key: readFileSync(keyFile), cert: readFileSync(certFile) }
  }

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'latchkey-mtls-'))
    own = selfSigned('client')
    other = selfSigned('other')
    const verifier = createVerifier({
      issuer,
      audience: 'https://api.example',
      jwks: { keys: [key.publicJwk] },
    })
    const app = new Koa()
    app.use(koaAccessToken(verifier))
    app.use((ctx) => {
      ctx.body = ctx.state.accessToken.sub
    })
    const tls = { ...selfSigned('localhost'), requestCert: true, rejectUnauthorized: false }
    server = await listen(createServer(tls, app.callback()), 'https')
  })

  after(async () => {
    await server.close()
    rmSync(folder, { recursive: true })
  })

  const thumbprint = ({ cert }: Pair) =>
    createHash('sha256').update(new X509Certificate(cert).raw).digest('base64url')

  async function get(cnf: object | undefined, pair?: Pair) {
    const header = { alg: 'ES256', typ: 'at+jwt', kid: key.kid }
    const token = signCompact(header, { ...goodClaims(issuer), cnf }, key)
    const sent = request(server.url, {
      ...pair,
      agent: false,
      rejectUnauthorized: false,
      headers: { authorization: `Bearer ${token}` },
    }).end()
    const [response] = await once(sent, 'response')
    response.resume()
    return { status: response.statusCode, challenge: response.headers['www-authenticate'] }
  }

  it('is taken over a connection with that certificate', async () => {
    expect((await get({ 'x5t#S256': thumbprint(own) }, own)).status).to.equal(200)
  })

  it('is refused with another certificate, and with none', async () => {
    for (const pair of [other, undefined]) {
      expect(await get({ 'x5t#S256': thumbprint(own) }, pair)).to.deep.equal({
        status: 401,
        challenge:
          'Bearer realm="api", error="invalid_token", error_description="the token is bound to another client certificate"',
      })
    }
  })

  it('is not confused with an unbound one', async () => {
    expect((await get(undefined, own)).status).to.equal(200)
    expect((await get(undefined)).status).to.equal(200)
    expect((await get({ 'x5t#S256': '' })).status).to.equal(401)
  })

  it('is taken behind a proxy, where the API says how it passes certificates on', async () => {
    const verifier = createVerifier({
      issuer,
      audience: 'https://api.example',
      jwks: { keys: [key.publicJwk] },
    })
    const fromHeader = (field: string | string[] | undefined) =>
      Buffer.from(String(field ?? '').replaceAll(':', ''), 'base64')
    const app = new Koa()
    app.use(
      koaAccessToken(verifier, {
        certificate: (ctx: Context) => fromHeader(ctx.req.headers['client-cert']),
      }),
    )
    app.use((ctx) => {
      ctx.body = ctx.state.accessToken.sub
    })
    const api = await listen(createHttpServer(app.callback()))
    const header = { alg: 'ES256', typ: 'at+jwt', kid: key.kid }
    const cnf = { 'x5t#S256': thumbprint(own) }
    const token = signCompact(header, { ...goodClaims(issuer), cnf }, key)
    const status = async (pair?: Pair) => {
      const der = pair && new X509Certificate(pair.cert).raw.toString('base64')
      const response = await fetch(api.url, {
        headers: { Authorization: `Bearer ${token}`, ...(der && { 'Client-Cert': `:${der}:` }) },
      })
      return response.status
    }
    try {
      expect(await status(own)).to.equal(200)
      expect(await status(other)).to.equal(401)
      expect(await status()).to.equal(401)
    } finally {
      await api.close()
    }
  })

  it('is refused when it is bound in a way that nobody checks', async () => {
    expect((await get({ kid: 'a' }, own)).status).to.equal(401)
    expect((await get({ jkt: 'a', 'x5t#S256': thumbprint(own) }, own)).status).to.equal(401)
  })
})
