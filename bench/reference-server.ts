import { generateKeyPair, SignJWT } from 'jose'
import Koa from 'koa'
import bodyParser from 'koa-bodyparser'
import { answerCpu } from './subject.ts'

/** The least a token endpoint can do: read a form, sign an ES256 token with jose, answer JSON. No client, no state. */
const { privateKey } = await generateKeyPair('ES256')
const app = new Koa()
app.use(bodyParser())
app.use(async (ctx) => {
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
const server = app.listen(Number(process.argv[2]), '127.0.0.1', () => {
  answerCpu(`http://127.0.0.1:${process.argv[2]}`, async () => {
    server.close()
  })
})
