import { generateKeyPairSync } from 'node:crypto'
import { hash, verify } from '@node-rs/argon2'
import { Redis } from 'ioredis'
import { type Adapter, type AdapterPayload, type Configuration, Provider } from 'oidc-provider'
import { answerCpu } from '../subject.ts'

/**
 * The engine as it comes, with the adapter for Redis that its examples have and a password grant as
 * its documentation shows one: its own refresh grant, its own signer. Its JWTs cannot be introspected,
 * so tokens of logins are opaque and those of client_credentials are JWTs.
 */
const [port = '', redisUrl = '', memory = '', iterations = '', parallelism = ''] =
  process.argv.slice(2)
const redis = new Redis(redisUrl)
const issuer = `http://127.0.0.1:${port}`
const audience = 'https://api.example'
const cost = {
  memoryCost: Number(memory),
  timeCost: Number(iterations),
  parallelism: Number(parallelism),
}
const stored = await hash('secret', cost)

const grantable = new Set(['AccessToken', 'RefreshToken', 'Grant'])

class RedisAdapter implements Adapter {
  readonly #model: string
  constructor(model: string) {
    this.#model = model
  }
  #key(id: string) {
    return `bare:${this.#model}:${id}`
  }
  async upsert(id: string, payload: AdapterPayload, expiresIn: number) {
    const multi = redis.multi()
    multi.hset(this.#key(id), { payload: JSON.stringify(payload) })
    multi.expire(this.#key(id), expiresIn)
    if (grantable.has(this.#model) && payload.grantId) {
      multi.rpush(`bare:grant:${payload.grantId}`, this.#key(id))
      multi.expire(`bare:grant:${payload.grantId}`, expiresIn)
    }
    await multi.exec()
  }
  async find(id: string) {
    const { payload, ...rest } = await redis.hgetall(this.#key(id))
    return payload === undefined ? undefined : { ...rest, ...JSON.parse(payload) }
  }
  async consume(id: string) {
    await redis.hset(this.#key(id), 'consumed', Math.floor(Date.now() / 1000))
  }
  async destroy(id: string) {
    await redis.del(this.#key(id))
  }
  async revokeByGrantId() {}
  async findByUid() {
    return undefined
  }
  async findByUserCode() {
    return undefined
  }
}

const key = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ format: 'jwk' })
const configuration: Configuration = {
  adapter: RedisAdapter,
  jwks: { keys: [{ ...key, alg: 'ES256', use: 'sig' }] },
  clients: [
    {
      client_id: 'app',
      client_secret: 'bench-secret',
      grant_types: ['client_credentials'],
      redirect_uris: [],
      response_types: [],
    },
    {
      client_id: 'web',
      token_endpoint_auth_method: 'none',
      grant_types: ['password', 'refresh_token'],
      redirect_uris: [],
      response_types: [],
    },
  ],
  clientDefaults: { id_token_signed_response_alg: 'ES256' },
  responseTypes: ['none'],
  // offline_access turns the refresh grant on.
  scopes: ['offline_access', 'read'],
  rotateRefreshToken: true,
  routes: { jwks: '/.well-known/jwks.json', introspection: '/introspect' },
  ttl: { AccessToken: 300, ClientCredentials: 300, RefreshToken: 86_400, Grant: 86_400 },
  findAccount: async (_ctx, sub) => ({ accountId: sub, claims: async () => ({ sub }) }),
  features: {
    devInteractions: { enabled: false },
    clientCredentials: { enabled: true },
    introspection: { enabled: true, allowedPolicy: () => true },
    resourceIndicators: {
      enabled: true,
      defaultResource: async () => [],
      useGrantedResource: async () => true,
      getResourceServerInfo: async () => ({
        scope: 'read',
        audience,
        accessTokenTTL: 300,
        accessTokenFormat: 'jwt',
        jwt: { sign: { alg: 'ES256' } },
      }),
    },
  },
}
const provider = new Provider(issuer, configuration)
provider.registerGrantType(
  'password',
  async (ctx) => {
    const { client, params } = ctx.oidc
    if (params.username !== 'johndoe' || !(await verify(stored, String(params.password)))) {
      throw new Error('the username or password is wrong')
    }
    const grant = new provider.Grant({ accountId: 'johndoe', clientId: client.clientId })
    grant.addResourceScope(audience, 'read')
    const grantId = await grant.save()
    const shared = { accountId: 'johndoe', client, grantId, gty: 'password', scope: 'read' }
    const access = new provider.AccessToken(shared)
    const refresh = new provider.RefreshToken({ ...shared, resource: audience })
    ctx.body = {
      access_token: await access.save(),
      refresh_token: await refresh.save(),
      token_type: 'Bearer',
      expires_in: access.expiration,
    }
  },
  ['username', 'password', 'scope'],
)
const server = provider.listen(Number(port), '127.0.0.1', () => {
  answerCpu(issuer, async () => {
    redis.disconnect()
    server.close()
  })
})
