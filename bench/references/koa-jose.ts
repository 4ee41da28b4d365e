import { generateKeyPair, SignJWT } from 'jose'
import Koa from 'koa'
import { answerCpu } from '../subject.ts'

/** The least a token endpoint can do with Koa and jose: read a form, sign, answer JSON. No client, no state. */
const [port = ''] = process.argv.slice(2)
const { privateKey } = await generateKeyPair('ES256')
const app = new Koa()
app.use(async (ctx, next) => {
  if (ctx.method === 'POST') return next()
  ctx.body = { hello: 'world' }
})
app.use(async (ctx) => {
  for await (const _ of ctx.req);
  const token = await new SignJWT({ scope: 'read', client_id: 'app' })
    .setProtectedHeader({ alg: 'ES256', typ: 'at+jwt', kid: 'bench' })
    .setIssuer('http://127.0.0.1')
    .setSubject('app')
    .setAudience('https://api.example')
    .setIssuedAt()
    .setExpirationTime('5m')
    .setJti(crypto.randomUUID())
    .sign(privateKey)
  ctx.set('Cache-Control', 'no-store')
  ctx.body = { access_token: token, token_type: 'Bearer', expires_in: 300 }
})
const server = app.listen(Number(port), '127.0.0.1', () => {
  answerCpu(`http://127.0.0.1:${port}`, async () => {
    server.close()
  })
})
