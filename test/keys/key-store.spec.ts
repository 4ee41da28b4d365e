import { chmod, readdir, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'chai'
import { compactVerify, importJWK } from 'jose'
import { algorithms } from '../../src/keys/algorithms.ts'
import type { KeySet } from '../../src/keys/key-set.ts'
import { type KeyStoreOptions, openKeyStore } from '../../src/keys/key-store.ts'
import { generateKey } from '../../src/keys/rotation.ts'
import { temporaryFolder } from '../parts/temporary-folder.ts'

const day = 86_400_000

async function open(options: Partial<KeyStoreOptions> & { folder: string }) {
  const store = await openKeyStore({
    algorithms: ['ES256'],
    retention: 3900,
    lookEvery: 0.02,
    ...options,
  })
  return {
    store,
    changed: () =>
      new Promise<KeySet>((resolve) => {
        const stop = store.onChange((keys) => {
          stop()
          resolve(keys)
        })
      }),
    [Symbol.asyncDispose]: () => store.close(),
  }
}

const states = ({ keys }: KeySet) => keys.map(({ state }) => state)
const permissions = async (path: string) => (await stat(path)).mode & 0o777

describe('the key store', () => {
  it('makes what is missing at the first start, for its owner alone', async () => {
    await using folder = await temporaryFolder()
    const keys = join(folder.path, 'deep', 'keys')
    await using opened = await open({ folder: keys, algorithms: ['ES256', 'EdDSA'] })
    expect(await readdir(keys)).to.have.members([
      'ES256-1.json',
      'EdDSA-1.json',
      'refresh-token.key',
    ])
    expect(await permissions(keys)).to.equal(0o700)
    for (const name of await readdir(keys))
      expect(await permissions(join(keys, name)), name).to.equal(0o600)
    expect(states(opened.store.current())).to.deep.equal(['current', 'current'])
    expect(opened.store.current().refreshTokenKey.symmetricKeySize).to.equal(32)
  })

  it('finds the same keys at the next start', async () => {
    await using folder = await temporaryFolder()
    const kidsAndSecret = async () => {
      await using opened = await open({ folder: folder.path })
      const { keys, refreshTokenKey } = opened.store.current()
      return [...keys.map(({ kid }) => kid), refreshTokenKey.export().toString('hex')]
    }
    expect(await kidsAndSecret()).to.deep.equal(await kidsAndSecret())
  })

  it('takes a folder that others could list for itself', async () => {
    await using folder = await temporaryFolder()
    await chmod(folder.path, 0o755)
    await using opened = await open({ folder: folder.path })
    expect(await permissions(folder.path)).to.equal(0o700)
    expect(opened.store.current().keys).to.have.lengthOf(1)
  })

  it('publishes, promotes, retires and removes keys as time passes', async () => {
    await using folder = await temporaryFolder()
    let now = Date.parse('2026-01-01T00:00:00Z')
    await using opened = await open({ folder: folder.path, clock: () => now })
    const [first] = opened.store.current().keys
    const later = (milliseconds: number) => {
      const change = opened.changed()
      now += milliseconds
      return change
    }

    const published = await later(29 * day)
    expect(states(published)).to.deep.equal(['current', 'next'])
    const promoted = await later(day)
    expect(states(promoted)).to.deep.equal(['previous', 'current'])
    expect(promoted.keys[0]?.kid).to.equal(first?.kid)
    expect(promoted.keys[1]?.kid).to.equal(published.keys[1]?.kid)
    const retired = await later(3900 * 1000)
    expect(states(retired)).to.deep.equal(['current'])
    expect(await readdir(folder.path)).to.include('ES256-1.json')
    // The change after the removal: the next rotation.
    await later(29 * day)
    expect(await readdir(folder.path)).not.to.include('ES256-1.json')
  })

  it('gives a new set for every change and leaves the old one as it was', async () => {
    await using folder = await temporaryFolder()
    await using opened = await open({ folder: folder.path, lookEvery: 3600 })
    const before = opened.store.current()
    const change = opened.changed()
    await generateKey(folder.path, 'ES256', { now: Date.now(), publishAhead: 0 })
    const after = await change
    expect(states(before)).to.deep.equal(['current'])
    expect(states(after)).to.deep.equal(['previous', 'current'])
    expect(opened.store.current()).to.equal(after)
    expect(Object.isFrozen(after.keys)).to.equal(true)
  })

  it('keeps publishing a key whose algorithm is no longer in use', async () => {
    await using folder = await temporaryFolder()
    await (await open({ folder: folder.path, algorithms: ['RS256'] })).store.close()
    await using opened = await open({ folder: folder.path, algorithms: ['ES256'] })
    const found = opened.store.current().keys.map(({ algorithm }) => algorithm)
    expect(found).to.have.members(['ES256', 'RS256'])
  })

  it('goes on with its keys, and says so, when the folder is spoiled while it runs', async () => {
    await using folder = await temporaryFolder()
    let report: (fault: unknown) => void = () => {}
    const reported = new Promise((resolve) => {
      report = resolve
    })
    await using opened = await open({ folder: folder.path, onFault: report })
    const before = opened.store.current()
    await writeFile(join(folder.path, 'ES256-2.json'), '{"kid":"tr', { mode: 0o600 })
    const fault = await reported
    expect(String(fault)).to.match(/ES256-2\.json is truncated/)
    expect(opened.store.current()).to.equal(before)
  })
})

describe('signatures by the keys', () => {
  for (const algorithm of algorithms) {
    it(`verify with jose: ${algorithm}`, async () => {
      await using folder = await temporaryFolder()
      await using opened = await open({ folder: folder.path, algorithms: [algorithm] })
      const [key] = opened.store.current().keys
      if (!key) throw new Error('no key was made')
      const encode = (part: object) => Buffer.from(JSON.stringify(part)).toString('base64url')
      const input = `${encode({ alg: algorithm, kid: key.kid })}.${encode({ sub: 'johndoe' })}`
      const signature = await key.sign(Buffer.from(input))
      const jws = `${input}.${signature.toString('base64url')}`
      const verified = await compactVerify(jws, await importJWK(key.publicJwk))
      expect(JSON.parse(Buffer.from(verified.payload).toString())).to.deep.equal({ sub: 'johndoe' })
    })
  }

  it('are at hand at once for ES256 and EdDSA, which must not wait in the pool of the hashes', async () => {
    await using folder = await temporaryFolder()
    await using opened = await open({ folder: folder.path, algorithms: ['ES256', 'EdDSA'] })
    for (const key of opened.store.current().keys)
      expect(key.sign(Buffer.from('x')), key.algorithm)
        .to.be.instanceOf(Buffer)
        .with.lengthOf(64)
  })
})
