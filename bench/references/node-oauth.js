import { randomBytes } from 'node:crypto'
import { createServer } from 'node:http'
import OAuth2Server, { Request, Response } from '@node-oauth/oauth2-server'
import { generateKeyPair, SignJWT } from 'jose'
import { answerCpu } from '../subject.ts'

/**
 * @node-oauth/oauth2-server behind node:http, with access tokens that jose signs and everything else in
 * a Map: no store, no round trip, no check of a password. JavaScript, as its types are there only once
 * npm run bench has installed it.
 */
const [port = ''] = process.argv.slice(2)
const { privateKey } = await generateKeyPair('ES256')

const clients = new Map([
  ['app', { id: 'app', secret: 'bench-secret', grants: ['client_credentials'] }],
  ['web', { id: 'web', grants: ['password', 'refresh_token'] }],
])
const tokens = new Map()

const model = {
  async getClient(id, secret) {
    const client = clients.get(id)
    return client?.secret === (secret ?? undefined) ? client : undefined
  },
  getUser: async (username, password) =>
    password === 'secret' ? { id: username } : undefined,
  getUserFromClient: async ({ id }) => ({ id }),
  generateAccessToken: ({ id }, user) =>
    new SignJWT({ scope: 'read', client_id: id })
      .setProtectedHeader({ alg: 'ES256', typ: 'at+jwt', kid: 'bench' })
      .setIssuer('http://127.0.0.1')
      .setSubject(user.id)
      .setAudience('https://api.example')
      .setIssuedAt()
      .setExpirationTime('5m')
      .setJti(randomBytes(16).toString('base64url'))
      .sign(privateKey),
  validateScope: async () => ['read'],
  async saveToken(token, client, user) {
    const saved = { ...token, client, user }
    if (saved.refreshToken !== undefined) tokens.set(saved.refreshToken, saved)
    return saved
  },
  getRefreshToken: async (token) => tokens.get(token),
  revokeToken: async ({ refreshToken }) => tokens.delete(refreshToken),
}
const oauth = new OAuth2Server({
  model,
  requireClientAuthentication: { password: false, refresh_token: false },
})

const server = createServer((req, res) => {
  let text = ''
  req.setEncoding('utf8')
  req.on('data', (chunk) => {
    text += chunk
  })
  req.on('end', async () => {
    const body = Object.fromEntries(new URLSearchParams(text))
    const request = new Request({ headers: req.headers, method: req.method, query: {}, body })
    const response = new Response()
    await oauth.token(request, response).catch(() => undefined)
    res.writeHead(response.status ?? 500, {
      ...response.headers,
      'Content-Type': 'application/json',
    })
    res.end(JSON.stringify(response.body))
  })
})
server.listen(Number(port), '127.0.0.1', () => {
  answerCpu(`http://127.0.0.1:${port}`, async () => {
    server.close()
  })
})
