import { generateKeyPairSync, type JsonWebKey } from 'node:crypto'
import { chmod, chown, mkdir, readFile, rename, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'chai'
import type { Algorithm } from '../../src/keys/algorithms.ts'
import { folderHome } from '../../src/keys/folder-home.ts'
import { KeyFault } from '../../src/keys/key-fault.ts'
import { thumbprint } from '../../src/keys/thumbprint.ts'
import { ringScene, schedule, toldClock } from '../parts/key-ring.ts'
import { until } from '../parts/until.ts'

/** What opening says of a folder with one good key of the algorithm, after it was spoiled. */
async function refusal(
  spoil: (folder: string) => Promise<unknown>,
  algorithm: Algorithm = 'ES256',
): Promise<string> {
  await using at = await ringScene()
  const open = () => at.open(toldClock(), { schedule: { ...schedule, algorithms: [algorithm] } })
  await (await open()).close()
  await spoil(at.folder)
  const fault = await open().then(
    () => new Error('the store was opened'),
    (error: unknown) => error,
  )
  if (!(fault instanceof KeyFault)) throw fault
  return fault.message
}

const file = (folder: string) => join(folder, 'ring.1.json')

interface Key {
  kid: string
  state: string
  algorithm: string
  publicJwk: JsonWebKey & { kid: string }
  material?: { jwk: JsonWebKey }
}
/** Writes the ring with its keys changed. */
async function edit(folder: string, change: (key: Key) => readonly object[]) {
  const ring = JSON.parse(await readFile(file(folder), 'utf8'))
  await writeFile(file(folder), JSON.stringify({ ...ring, keys: ring.keys.flatMap(change) }))
}
/** The key replaced by another, of which only the named private half is known. */
const named = (key: Key, jwk: JsonWebKey) => {
  const kid = thumbprint(jwk)
  const { kty, n, e, crv, x, y } = jwk
  return {
    ...key,
    kid,
    publicJwk: { ...key.publicJwk, kty, n, e, crv, x, y, kid },
    material: { jwk },
  }
}
const rsa = (modulusLength: number) =>
  generateKeyPairSync('rsa', { modulusLength }).privateKey.export({ format: 'jwk' })

describe('the key store refuses to start with', () => {
  it('a ring that others can read', async () => {
    for (const mode of [0o640, 0o604, 0o620, 0o644])
      expect(await refusal((folder) => chmod(file(folder), mode))).to.match(
        /ring\.1\.json is open to others \(mode 06..\).*chmod 600/,
      )
  })

  it('a symbolic link in the place of the ring', async () => {
    const spoil = async (folder: string) => {
      await rename(file(folder), join(folder, 'elsewhere'))
      await symlink(join(folder, 'elsewhere'), file(folder))
    }
    expect(await refusal(spoil)).to.match(/is a symbolic link/)
  })

  it('a folder in the place of the ring', async () => {
    expect(await refusal((folder) => mkdir(join(folder, 'ring.2.json')))).to.match(
      /is not a regular file/,
    )
  })

  it('a truncated ring, even where an older one is whole', async () => {
    const spoil = async (folder: string) => {
      const text = await readFile(file(folder), 'utf8')
      const half = text.slice(0, text.length / 2)
      await writeFile(join(folder, 'ring.2.json'), half, { mode: 0o600 })
    }
    expect(await refusal(spoil)).to.match(/ring\.2\.json is truncated or no ring of keys/)
  })

  it('an empty ring', async () => {
    expect(await refusal((folder) => writeFile(file(folder), ''))).to.match(/is truncated/)
  })

  it('a truncated refresh token key', async () => {
    const spoil = async (folder: string) => {
      const ring = JSON.parse(await readFile(file(folder), 'utf8'))
      const refreshTokenKey = { plain: 'c2hvcnQ' }
      await writeFile(file(folder), JSON.stringify({ ...ring, refreshTokenKey }))
    }
    expect(await refusal(spoil)).to.match(/refresh-token\.key is truncated/)
  })

  it('a file larger than any ring', async () => {
    expect(await refusal((folder) => writeFile(file(folder), ' '.repeat(300_000)))).to.match(
      /larger than any ring of keys/,
    )
  })

  it('a private key that is not the one its kid names', async () => {
    const other = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey
    const jwk = other.export({ format: 'jwk' })
    const spoil = (folder: string) => edit(folder, (key) => [{ ...key, material: { jwk } }])
    expect(await refusal(spoil)).to.match(/what is kept as ES256 key/)
  })

  it('a public key that is not the one its kid names, of one that signs no more', async () => {
    const spoil = (folder: string) =>
      edit(folder, (key) => [
        key,
        { ...key, kid: 'k', state: 'previous', publicJwk: { ...key.publicJwk, kid: 'k' } },
      ])
    expect(await refusal(spoil)).to.match(/the public key kept as k is another one/)
  })

  it('halves of two RSA keys', async () => {
    const mixed = { ...rsa(2048), n: rsa(2048).n ?? '' }
    const spoil = (folder: string) => edit(folder, (key) => [named(key, mixed)])
    expect(await refusal(spoil, 'RS256')).to.match(/do not belong together|no usable private key/)
  })

  it('RFC 7518 section 3.3: an RSA key of less than 2048 bits', async () => {
    const spoil = (folder: string) => edit(folder, (key) => [named(key, rsa(1024))])
    expect(await refusal(spoil, 'RS256')).to.match(/an RSA key of 1024 bits/)
  })

  it('a key of another algorithm than it says', async () => {
    const spoil = (folder: string) =>
      edit(folder, (key) => [
        { ...key, algorithm: 'EdDSA', publicJwk: { ...key.publicJwk, alg: 'EdDSA' } },
      ])
    expect(await refusal(spoil)).to.match(/a key that is not Ed25519/)
  })

  it('RFC 7517 section 4.5: one key twice', async () => {
    const spoil = (folder: string) => edit(folder, (key) => [key, { ...key, state: 'previous' }])
    expect(await refusal(spoil)).to.match(/holds the key .* twice/)
  })

  it('two keys that sign with one algorithm', async () => {
    const other = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey
    const jwk = other.export({ format: 'jwk' })
    const spoil = (folder: string) => edit(folder, (key) => [key, named(key, jwk)])
    expect(await refusal(spoil)).to.match(/holds two current keys for ES256/)
  })

  it('a key that was cut and still has its private half', async () => {
    const spoil = (folder: string) => edit(folder, (key) => [{ ...key, state: 'cut' }])
    expect(await refusal(spoil)).to.match(/which is cut, with its private half/)
  })

  it('a folder that others can write', async () => {
    expect(await refusal((folder) => chmod(folder, 0o770))).to.match(/can be written by others/)
  })

  it('and its message holds no part of a key', async () => {
    let secret = ''
    const message = await refusal(async (folder) => {
      const text = await readFile(file(folder), 'utf8')
      secret = JSON.parse(text).keys[0].material.jwk.d
      await writeFile(file(folder), text.slice(text.indexOf(secret)))
    })
    expect(secret).to.have.lengthOf(43)
    expect(message).not.to.include(secret.slice(0, 8))
  })
})

// Only root can give a file away.
const asRoot = process.geteuid?.() === 0 ? it : undefined
describe('as root, the key store refuses to start with', () => {
  asRoot?.('a ring of another user', async () => {
    expect(await refusal((folder) => chown(file(folder), 12_345, 12_345))).to.match(
      /ring\.1\.json belongs to user 12345/,
    )
  })
})

describe('a server that runs', () => {
  it('makes no other folder where its own was taken away, and keeps its keys', async () => {
    await using at = await ringScene()
    const faults: unknown[] = []
    const store = await at.open(toldClock(), { onFault: (fault) => faults.push(fault) })
    const before = store.current()
    // At once: what is removed file by file is put back by the server meanwhile.
    await rename(at.folder, `${at.folder}-elsewhere`)
    await until(
      () => faults,
      ({ length }) => length > 0,
    )
    expect(faults[0]).to.be.instanceOf(KeyFault)
    await at.looked()
    expect(store.current()).to.equal(before)
    const gone = await folderHome(at.folder).read().catch(String)
    expect(gone).to.match(/does not exist/)
  })
})
