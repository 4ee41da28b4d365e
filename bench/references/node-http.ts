import { generateKeyPairSync, randomBytes, sign } from 'node:crypto'
import { createServer } from 'node:http'
import { Redis } from 'ioredis'
import { answerCpu } from '../subject.ts'

/**
 * What the work itself costs, without OAuth: node:http and one ES256 signature, and for a refresh one
 * small script in Redis before it. Whatever is faster than this does less.
 */
const [port = '', redisUrl = ''] = process.argv.slice(2)
const redis = new Redis(redisUrl)
const script =
  "local n = redis.call('INCR', KEYS[1]) redis.call('PEXPIRE', KEYS[1], ARGV[1]) return n"
const digest = String(await redis.call('script', 'load', script))
const rotate = (family: string) => redis.call('evalsha', digest, 1, family, 60_000)
const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const encode = (part: object) => Buffer.from(JSON.stringify(part)).toString('base64url')
const header = encode({ alg: 'ES256', typ: 'at+jwt', kid: 'bench' })

function token(): string {
  const iat = Math.floor(Date.now() / 1000)
  const jti = randomBytes(16).toString('base64url')
  const input = `${header}.${encode({ iss: 'http://127.0.0.1', sub: 'app', aud: 'https://api.example', iat, exp: iat + 300, jti })}`
  const signature = sign('sha256', Buffer.from(input), {
    key: privateKey,
    dsaEncoding: 'ieee-p1363',
  })
  return `${input}.${signature.toString('base64url')}`
}

const server = createServer((req, res) => {
  let body = ''
  req.setEncoding('utf8')
  req.on('data', (chunk: string) => {
    body += chunk
  })
  req.on('end', async () => {
    const refreshes = body.includes('grant_type=refresh_token')
    if (refreshes) await rotate(`bench:${req.socket.remotePort}`)
    res.setHeader('Content-Type', 'application/json')
    res.setHeader('Cache-Control', 'no-store')
    res.end(
      JSON.stringify({
        access_token: token(),
        refresh_token: 'none',
        token_type: 'Bearer',
        expires_in: 300,
      }),
    )
  })
})
server.listen(Number(port), '127.0.0.1', () => {
  answerCpu(`http://127.0.0.1:${port}`, async () => {
    redis.disconnect()
    server.close()
  })
})
