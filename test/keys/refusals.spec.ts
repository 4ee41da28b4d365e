import { generateKeyPairSync } from 'node:crypto'
import {
  chmod,
  chown,
  copyFile,
  mkdir,
  readFile,
  rename,
  rm,
  symlink,
  writeFile,
} from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'chai'
import type { Algorithm } from '../../src/keys/algorithms.ts'
import { KeyFault } from '../../src/keys/key-fault.ts'
import { openKeyStore } from '../../src/keys/key-store.ts'
import { thumbprint } from '../../src/keys/thumbprint.ts'
import { temporaryFolder } from '../parts/temporary-folder.ts'

const open = (folder: string, algorithm: Algorithm = 'ES256') =>
  openKeyStore({ folder, algorithms: [algorithm], retention: 3900 })

/** What opening says of a folder with one good key of the algorithm, after it was spoiled. */
async function refusal(
  spoil: (folder: string) => Promise<unknown>,
  algorithm: Algorithm = 'ES256',
): Promise<string> {
  await using folder = await temporaryFolder()
  await (await open(folder.path, algorithm)).close()
  await spoil(folder.path)
  const fault = await open(folder.path, algorithm).then(
    (store) => store.close().then(() => new Error('the store was opened')),
    (error: unknown) => error,
  )
  if (!(fault instanceof KeyFault)) throw fault
  return fault.message
}

const key = (folder: string) => join(folder, 'ES256-1.json')

async function edit(path: string, change: (file: { kid: string; jwk: object }) => object) {
  await writeFile(path, JSON.stringify(change(JSON.parse(await readFile(path, 'utf8')))))
}

function rsaFile(jwk: { kty?: string; n?: string; e?: string }) {
  return (file: object) => ({ ...file, kid: thumbprint(jwk), jwk })
}

describe('the key store refuses to start with', () => {
  it('a key that others can read', async () => {
    for (const mode of [0o640, 0o604, 0o620, 0o644])
      expect(await refusal((folder) => chmod(key(folder), mode))).to.match(
        /ES256-1\.json is open to others \(mode 06..\).*chmod 600/,
      )
  })

  it('a refresh token key that others can read', async () => {
    const spoil = (folder: string) => chmod(join(folder, 'refresh-token.key'), 0o644)
    expect(await refusal(spoil)).to.match(/refresh-token\.key is open to others/)
  })

  it('a symbolic link in the place of a key', async () => {
    const spoil = async (folder: string) => {
      await rename(key(folder), join(folder, 'elsewhere'))
      await symlink(join(folder, 'elsewhere'), key(folder))
    }
    expect(await refusal(spoil)).to.match(/is a symbolic link/)
  })

  it('a folder in the place of a key', async () => {
    const spoil = (folder: string) => mkdir(join(folder, 'ES256-2.json'))
    expect(await refusal(spoil)).to.match(/is not a regular file/)
  })

  it('a truncated key', async () => {
    const spoil = async (folder: string) => {
      const text = await readFile(key(folder), 'utf8')
      await writeFile(key(folder), text.slice(0, text.length / 2))
      return text
    }
    expect(await refusal(spoil)).to.match(/ES256-1\.json is truncated or no key file/)
  })

  it('an empty key', async () => {
    expect(await refusal((folder) => writeFile(key(folder), ''))).to.match(/is truncated/)
  })

  it('a truncated refresh token key', async () => {
    const spoil = (folder: string) => writeFile(join(folder, 'refresh-token.key'), 'c2hvcnQ\n')
    expect(await refusal(spoil)).to.match(/refresh-token\.key is truncated/)
  })

  it('a file larger than any key', async () => {
    const spoil = (folder: string) => writeFile(key(folder), ' '.repeat(70_000))
    expect(await refusal(spoil)).to.match(/larger than any key/)
  })

  it('a private key that is not the one its kid names', async () => {
    const spoil = (folder: string) =>
      edit(key(folder), (file) => ({ ...file, kid: file.kid.replace(/./g, 'A') }))
    expect(await refusal(spoil)).to.match(/not the one its kid names/)
  })

  it('a public half of another EC key', async () => {
    const other = generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({
      format: 'jwk',
    })
    const spoil = (folder: string) =>
      edit(key(folder), (file) => ({
        ...file,
        kid: thumbprint(other),
        jwk: { ...file.jwk, x: other.x, y: other.y },
      }))
    expect(await refusal(spoil)).to.match(/ES256-1\.json holds/)
  })

  it('a public half of another RSA key', async () => {
    const rsa = () =>
      generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ format: 'jwk' })
    const mixed = { ...rsa(), n: rsa().n ?? '' }
    const spoil = (folder: string) => edit(join(folder, 'RS256-1.json'), rsaFile(mixed))
    expect(await refusal(spoil, 'RS256')).to.match(/RS256-1\.json holds/)
  })

  it('RFC 7518 section 3.3: an RSA key of less than 2048 bits', async () => {
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 1024 })
    const spoil = (folder: string) =>
      edit(join(folder, 'RS256-1.json'), rsaFile(privateKey.export({ format: 'jwk' })))
    expect(await refusal(spoil, 'RS256')).to.match(/an RSA key of 1024 bits/)
  })

  it('a key of another algorithm than it says', async () => {
    const spoil = (folder: string) => edit(key(folder), (file) => ({ ...file, alg: 'EdDSA' }))
    expect(await refusal(spoil)).to.match(/a key that is not Ed25519/)
  })

  it('RFC 7517 section 4.5: one key in two files', async () => {
    const spoil = (folder: string) => copyFile(key(folder), join(folder, 'ES256-2.json'))
    expect(await refusal(spoil)).to.match(/ES256-1\.json and .*ES256-2\.json hold the same key/)
  })

  it('a folder that others can write', async () => {
    expect(await refusal((folder) => chmod(folder, 0o770))).to.match(/can be written by others/)
  })

  it('and its message holds no part of a key', async () => {
    let secret = ''
    const message = await refusal(async (folder) => {
      const text = await readFile(key(folder), 'utf8')
      secret = JSON.parse(text).jwk.d
      await writeFile(key(folder), text.slice(text.indexOf(secret)))
    })
    expect(secret).to.have.lengthOf(43)
    expect(message).not.to.include(secret.slice(0, 8))
  })
})

// Only root can give a file away.
const asRoot = process.geteuid?.() === 0 ? it : undefined
describe('as root, the key store refuses to start with', () => {
  asRoot?.('a key of another user', async () => {
    expect(await refusal((folder) => chown(key(folder), 12_345, 12_345))).to.match(
      /ES256-1\.json belongs to user 12345/,
    )
  })
})

describe('a server that runs', () => {
  it('does not make a new refresh token key when the folder is taken away', async () => {
    await using folder = await temporaryFolder()
    let report: (fault: unknown) => void = () => {}
    const reported = new Promise((resolve) => {
      report = resolve
    })
    const store = await openKeyStore({
      folder: folder.path,
      algorithms: ['ES256'],
      retention: 3900,
      lookEvery: 0.02,
      onFault: report,
    })
    const before = store.current()
    await rm(folder.path, { recursive: true })
    expect(await reported).to.be.instanceOf(KeyFault)
    expect(store.current()).to.equal(before)
    await store.close()
  })
})
