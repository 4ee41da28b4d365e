import { randomBytes } from 'node:crypto'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'chai'
import { keysCommand } from '../../src/commands/keys.ts'
import { createVault } from '../../src/keys/vault.ts'
import { openState } from '../../src/state/index.ts'
import { secret, startLatchkey } from '../parts/latchkey.ts'
import { startRedis } from '../parts/redis.ts'
import { createSoftHsm } from '../parts/soft-hsm.ts'
import { temporaryFolder } from '../parts/temporary-folder.ts'

const key = () => ({ key: randomBytes(32).toString('base64') })
const jwksPath = '/.well-known/jwks.json'

async function refusal(promise: Promise<unknown>): Promise<string> {
  return await promise.then(
    () => 'it started',
    (error: unknown) => String(error),
  )
}

async function ringIn(folder: string): Promise<string> {
  const [name = ''] = (await readdir(folder)).filter((each) => each.startsWith('ring.'))
  return await readFile(join(folder, name), 'utf8')
}

describe('a server whose keys are sealed', () => {
  it('keeps none of them legible, and starts with what seals them alone', async () => {
    await using folder = await temporaryFolder()
    const seal = key()
    const keys = { folder: folder.path, seal }
    const one = await startLatchkey({ keys })
    const { access_token: token } = await one.login()
    await one.stop()
    const ring = await ringIn(folder.path)
    expect(ring).to.contain('"sealed"')
    expect(ring).not.to.match(/"(?:d|plain)":/)

    const again = await startLatchkey({ keys, issuer: one.issuer })
    const introspection = await again.post(
      '/introspect',
      { token },
      { basic: `resource-server:${secret}` },
    )
    await again.stop()
    expect(introspection.status).to.equal(200)

    const wrong = await refusal(startLatchkey({ keys: { ...keys, seal: key() } }))
    expect(wrong).to.contain('another passphrase or key')
    expect(await refusal(startLatchkey({ keys: folder.path }))).to.contain('give keys.seal')
  })

  it('has them sealed anew by latchkey keys reseal, from none to one secret to another', async () => {
    await using folder = await temporaryFolder()
    const keys = join(folder.path, 'keys')
    const [first, second] = [key(), key()]
    const plain = await startLatchkey({ keys })
    const published = await (await fetch(plain.service.url + jwksPath)).text()
    await plain.stop()
    const starts = async (seal: object) => {
      const server = await startLatchkey({ keys: { folder: keys, seal } })
      const jwks = await (await fetch(server.service.url + jwksPath)).text()
      await server.stop()
      return jwks
    }
    const reseal = async (seal: object) => {
      const file = join(folder.path, 'latchkey.yaml')
      const apis = [{ audience: 'https://api.example', scopes: ['read'] }]
      const config = { issuer: 'https://auth.example', keys: { folder: keys, seal }, apis }
      // JSON is YAML.
      await writeFile(file, JSON.stringify(config))
      const lines: string[] = []
      await keysCommand((line) => lines.push(line)).parseAsync(['reseal', '--config', file], {
        from: 'user',
      })
      return lines.join('\n')
    }
    expect(await refusal(starts(first))).to.contain('keys reseal')
    expect(await reseal(first)).to.match(/^\d keys and the key of the refresh tokens are sealed$/)
    expect(await starts(first)).to.equal(published)
    expect(await refusal(reseal(second))).to.contain('another passphrase or key')
    await reseal({ ...second, formerly: [first] })
    expect(await starts(second)).to.equal(published)
    expect(await refusal(starts(first))).to.contain('another passphrase or key')
  })

  it('may have them in the shared store, where no other key can be put among them', async () => {
    const redis = await startRedis()
    const keys = { store: true, seal: key() }
    const one = await startLatchkey({ keys, state: redis.url })
    const other = await startLatchkey({ keys, state: redis.url, issuer: one.issuer })
    const read = async (server: typeof one) =>
      await (await fetch(server.service.url + jwksPath)).text()
    const published = await read(one)
    try {
      expect(await read(other)).to.equal(published)
      const state = await openState({ url: redis.url } as never, () => {})
      const record = await state.keyRing()
      const ring = JSON.parse(record?.text ?? '')
      expect(record?.text).not.to.match(/"(?:d|plain)":/)
      const { material, publicJwk } = await createVault().create('ES256')
      const { kid, alg } = publicJwk
      const [model] = ring.keys
      const forged = {
        ...model,
        kid,
        algorithm: alg,
        publicJwk,
        state: 'previous',
        retiresAt: 2e12,
      }
      for (const put of [model.material, material]) {
        const version = ring.version + 1
        ring.version = version
        const text = JSON.stringify({ ...ring, keys: [...ring.keys, { ...forged, material: put }] })
        expect(await state.replaceKeyRing(version - 1, { version, text })).to.equal(true)
        expect(await refusal(startLatchkey({ keys, state: redis.url }))).to.match(
          /altered|not sealed/,
        )
        expect(await read(one)).to.equal(published)
      }
      await state.close()
      expect(await refusal(startLatchkey({ keys: { store: true }, state: redis.url }))).to.contain(
        'keys.seal',
      )
    } finally {
      await one.stop()
      await other.stop()
      await redis.stop()
    }
  })
})

describe('a server whose keys are in an HSM', () => {
  it('answers 503 while it does not sign, and verifies, introspects and publishes meanwhile', async () => {
    await using folder = await temporaryFolder()
    const hsm = createSoftHsm(folder.path)
    let signer = await hsm.startSigner()
    const device = { socket: hsm.socket, algorithms: ['ES256'] }
    const keys = { folder: join(folder.path, 'keys'), device, seal: key() }
    const server = await startLatchkey({ keys })
    try {
      const { access_token: token } = await server.login()
      const ring = await ringIn(keys.folder)
      expect(ring).to.contain('"device": "es256-')
      await signer.stop()
      const form = { grant_type: 'password', username: 'johndoe', password: 'secret' }
      const refused = await server.post('/token', { ...form, client_id: 'web' })
      expect(refused.status).to.equal(503)
      expect(refused.json.error).to.equal('temporarily_unavailable')
      expect(refused.headers.get('retry-after')).to.match(/^\d+$/)
      const basic = `resource-server:${secret}`
      expect((await server.post('/introspect', { token }, { basic })).json.active).to.equal(true)
      const headers = { Authorization: `Bearer ${token}` }
      expect((await fetch(`${server.service.url}/users/me`, { headers })).status).to.equal(200)
      expect((await fetch(server.service.url + jwksPath)).status).to.equal(200)
      signer = await hsm.startSigner()
      expect(await server.login()).to.have.property('access_token')
    } finally {
      await server.stop()
      await signer.stop()
    }
  })
})
