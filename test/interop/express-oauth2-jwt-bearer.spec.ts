import { once } from 'node:events'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect } from 'chai'
import express from 'express'
import { auth, requiredScopes } from 'express-oauth2-jwt-bearer'
import { createRemoteJWKSet, jwtVerify } from 'jose'
import { type Latchkey, startLatchkey } from '../parts/latchkey.ts'

describe('resource servers that know nothing but JWKS', () => {
  let server: Latchkey
  let api: Server
  let url: string

  before(async () => {
    server = await startLatchkey()
    const app = express()
    // Express prints every refusal otherwise.
    app.set('env', 'test')
    app.use(
      auth({
        issuer: server.issuer,
        audience: 'https://api.example',
        jwksUri: `${server.issuer}/.well-known/jwks.json`,
        tokenSigningAlg: 'ES256',
        strict: true,
      }),
    )
    app.get('/items', requiredScopes('read'), (request, response) => {
      response.json({ sub: request.auth?.payload.sub })
    })
    app.get('/admin', requiredScopes('admin'), (_request, response) => {
      response.json({})
    })
    api = app.listen(0, '127.0.0.1')
    await once(api, 'listening')
    url = `http://127.0.0.1:${(api.address() as AddressInfo).port}`
  })
  after(async () => {
    api.close()
    await server.stop()
  })

  const ask = async (path: string, token: string) => {
    const response = await fetch(url + path, { headers: { Authorization: `Bearer ${token}` } })
    await response.text()
    return response.status
  }

  it('express-oauth2-jwt-bearer, in strict mode, takes our tokens and judges their scope', async () => {
    const { access_token: token } = await server.login({ scope: 'read' })
    expect(await ask('/items', token)).to.equal(200)
    expect(await ask('/admin', token)).to.equal(403)
    expect(await ask('/items', `${token.slice(0, -4)}AAAA`)).to.equal(401)
  })

  it('jose, with the key set fetched anew', async () => {
    const keys = createRemoteJWKSet(new URL(`${server.issuer}/.well-known/jwks.json`))
    for (const [scope, audience, algorithm] of [
      ['read', 'https://api.example', 'ES256'],
      ['sum', 'https://rsa.example', 'RS256'],
    ] as const) {
      const { access_token: token } = await server.login({ scope })
      const { protectedHeader, payload } = await jwtVerify(token, keys, {
        issuer: server.issuer,
        audience,
        typ: 'at+jwt',
        algorithms: [algorithm],
      })
      expect(protectedHeader.alg).to.equal(algorithm)
      expect(payload).to.include({ scope, client_id: 'web' })
    }
  })
})
