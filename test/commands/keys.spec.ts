import { generateKeyPairSync, type KeyObject, randomBytes } from 'node:crypto'
import { readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'chai'
import { keysCommand } from '../../src/commands/keys.ts'
import { folderHome } from '../../src/keys/folder-home.ts'
import { KeyFault } from '../../src/keys/key-fault.ts'
import { openState } from '../../src/state/index.ts'
import { temporaryFolder } from '../parts/temporary-folder.ts'

const configuration = `
issuer: http://127.0.0.1:8000
keys: keys
development: true
state: sqlite:state.sqlite
apis:
  - audience: http://127.0.0.1:9000
    accessTokenLifetime: 5m
  - audience: http://127.0.0.1:9001
    accessTokenLifetime: 10m
    algorithm: EdDSA
`

interface Listed {
  kid: string
  algorithm: string
  state: string
  signed: number
}

/** `latchkey keys …` with a configuration of two APIs, and what it prints. */
async function scene(keys = 'keys: keys') {
  const folder = await temporaryFolder()
  const config = join(folder.path, 'latchkey.yaml')
  await writeFile(config, configuration.replace('keys: keys', keys))
  const run = async (...words: string[]) => {
    const lines: string[] = []
    const command = keysCommand((line) => lines.push(line))
    await command.parseAsync([...words, '--config', config], { from: 'user' })
    return lines.join('\n')
  }
  return {
    ...folder,
    config,
    keys: join(folder.path, 'keys'),
    run,
    fails: (...words: string[]) =>
      run(...words).then(
        (said) => `it was done: ${said}`,
        (error: unknown) => String(error),
      ),
    list: async (): Promise<Listed[]> => JSON.parse(await run('list', '--json')),
    async file(name: string, text: string) {
      await writeFile(join(folder.path, name), text)
      return join(folder.path, name)
    },
  }
}

const brief = (keys: readonly Listed[]) =>
  keys.map(({ algorithm, state }) => `${algorithm} ${state}`)
const kidOf = (keys: readonly Listed[], algorithm: string, state: string) =>
  keys.find((key) => key.algorithm === algorithm && key.state === state)?.kid ?? 'none'

describe('latchkey keys', () => {
  it('stage makes the first key of every algorithm in use, and then a next one of each', async () => {
    await using it = await scene()
    expect(await it.run('stage')).to.match(/signs at once for http:\/\/127\.0\.0\.1:9000/)
    expect(brief(await it.list())).to.have.members(['ES256 current', 'EdDSA current'])
    expect(await it.run('stage', '--algorithm', 'ES256')).to.match(
      /^staged [\w-]{43} for ES256: servers publish it within seconds; it signs for .*9000 from 20/,
    )
    expect(await it.run('stage'))
      .to.match(/for EdDSA/)
      .and.not.match(/ES256/)
    expect(await it.run('stage')).to.match(/every algorithm in use has a next key already/)
    expect(brief(await it.list())).to.include.members(['ES256 next', 'EdDSA next'])
  })

  it('takes a kid that begins with a hyphen, wherever it stands', async () => {
    await using it = await scene()
    await it.run('stage')
    const kid = `-X${'x'.repeat(41)}`
    for (const words of [
      ['--dry-run', kid],
      [kid, '--dry-run'],
    ])
      expect(await it.fails('retire', ...words)).to.include(`there is no key ${kid}`)
  })

  it('changes nothing on a dry run', async () => {
    await using it = await scene()
    expect(await it.run('stage', '--dry-run')).to.match(/^would stage/)
    expect(await readdir(it.path)).not.to.include('keys')
    await it.run('stage')
    await it.run('stage')
    const before = await it.list()
    const kid = kidOf(before, 'ES256', 'current')
    await it.run('rotate', '--force', '--dry-run')
    await it.run('retire', kidOf(before, 'ES256', 'next'), '--dry-run')
    await it.run('emergency', kid, '--dry-run')
    expect(await it.list()).to.deep.equal(before)
  })

  it('rotate refuses a key that APIs may not have, and says who would be refused', async () => {
    await using it = await scene()
    expect(await it.fails('rotate')).to.match(/there are no keys|does not exist/)
    await it.run('stage')
    expect(await it.fails('rotate')).to.match(/no next key: make one with `latchkey keys stage`/)
    await it.run('stage', '--algorithm', 'ES256')
    expect(await it.fails('rotate')).to.match(
      /was published at .* and may sign from .*: APIs may not have it before; --force/,
    )
    const said = await it.run('rotate', '--force')
    expect(said).to.match(/signs with ES256 for http:\/\/127\.0\.0\.1:9000/)
    expect(said).to.match(/refuse new tokens of http:\/\/127\.0\.0\.1:9000 until .* 6m old/)
    expect(brief(await it.list())).to.have.members([
      'ES256 previous',
      'ES256 current',
      'EdDSA current',
    ])
  })

  it('rotate changes the keys of several algorithms at once', async () => {
    await using it = await scene()
    await it.run('stage')
    await it.run('stage')
    await it.run('rotate', '--force')
    const ring = await folderHome(it.keys).read()
    const since = ring?.keys
      .filter(({ state }) => state === 'current')
      .map(({ stateIn }) => stateIn)
    expect(since, 'when both began to sign').to.deep.equal([ring?.version, ring?.version])
  })

  it('move takes all keys from a folder to the shared store, and back', async () => {
    await using it = await scene()
    await it.run('stage')
    await it.run('stage')
    const before = await it.list()
    const key = `{ key: '${randomBytes(32).toString('base64')}' }`
    const other = `{ passphrase: sixteen letters at least, formerly: [${key}] }`
    const having = (name: string, keys: string) =>
      it.file(name, configuration.replace('keys: keys', `keys: ${keys}`))
    const store = await having('store.yaml', `{ store: true, seal: ${key} }`)
    const back = await having('back.yaml', `{ folder: back, seal: ${other} }`)
    const move = (from: string, to: string) =>
      keysCommand(() => undefined).parseAsync(['move', '--from', from, '--config', to], {
        from: 'user',
      })
    await move(it.config, store)
    expect(String(await move(it.config, store).catch(String))).to.match(
      /there are keys already: the ring of keys in the shared store/,
    )
    await move(store, back)
    const listed = async (config: string) => {
      const lines: string[] = []
      const words = ['list', '--json', '--config', config]
      await keysCommand((line) => lines.push(line)).parseAsync(words, { from: 'user' })
      return (JSON.parse(lines.join('')) as Listed[]).map(({ kid, state }) => ({ kid, state }))
    }
    const same = before.map(({ kid, state }) => ({ kid, state }))
    for (const config of [store, back]) expect(await listed(config)).to.deep.equal(same)
  })

  it('rotate refuses a key that a live server does not publish', async () => {
    await using it = await scene('keys: { folder: keys, publishAhead: 0s }')
    await it.run('stage')
    await it.run('stage')
    const state = await openState({ url: `sqlite:${join(it.path, 'state.sqlite')}` })
    await state.reportKeys({ instance: 'late', ring: 'another', version: 1, signed: {} }, 60)
    expect(await it.fails('rotate')).to.match(/not every server publishes/)
    expect(await it.run('list')).to.match(/not yet published by 1 of 1 server/)
    await state.reportKeys({ instance: 'late', ring: 'another', version: 1, signed: {} }, 0)
    await state.close()
    expect(await it.run('rotate')).to.match(/signs with ES256/)
  })

  it('list shows a line per key and no private member', async () => {
    await using it = await scene()
    await it.run('stage')
    const kid = kidOf(await it.list(), 'ES256', 'current')
    const state = await openState({ url: `sqlite:${join(it.path, 'state.sqlite')}` })
    await state.reportKeys({ instance: 'i', ring: 'r', version: 1, signed: { [kid]: 1234 } }, 1)
    await state.close()
    const printed = await it.run('list')
    expect(printed).to.match(
      new RegExp(
        `^${kid} {2}ES256 +current +\\d+s old +tokens: 1,234 +signs since 20.*, next key at 20`,
      ),
    )
    expect(printed.split('\n')).to.have.lengthOf(2)
    expect(await it.run('list', '--json')).not.to.match(/"(d|p|q)":/)
  })

  it('list makes nothing where there is nothing', async () => {
    await using it = await scene()
    const fault = await it.run('list').catch((error: unknown) => error)
    expect(fault).to.be.instanceOf(KeyFault)
    expect(String(fault)).to.match(/does not exist: the server makes it/)
    expect(await readdir(it.path)).to.deep.equal(['latchkey.yaml'])
  })

  it('retire forgets a key that signs for no API, and no other', async () => {
    await using it = await scene()
    await it.run('stage')
    await it.run('stage')
    await it.run('rotate', '--force')
    const keys = await it.list()
    expect(await it.fails('retire', kidOf(keys, 'ES256', 'current'), '--yes')).to.match(
      /is what signs with ES256: `latchkey keys rotate` first/,
    )
    expect(await it.fails('retire', 'nobody', '--yes')).to.match(/there is no key nobody/)
    const previous = kidOf(keys, 'ES256', 'previous')
    expect(await it.fails('retire', previous)).to.match(/add --yes/)
    expect(await it.run('retire', previous, '--yes')).to.match(
      /has signed no token: nobody is refused\nby itself it would go at 20.*\n.*is retired/,
    )
    expect(kidOf(await it.list(), 'ES256', 'previous')).to.equal('none')
  })

  it('export prints the public halves, as a JWK Set or PEM', async () => {
    await using it = await scene()
    await it.run('stage')
    const set = JSON.parse(await it.run('export'))
    expect(set.keys.map(({ alg }: { alg: string }) => alg)).to.have.members(['ES256', 'EdDSA'])
    for (const key of set.keys) expect(key).not.to.have.property('d')
    const pem = await it.run('export', set.keys[0].kid, '--format', 'pem')
    expect(pem).to.match(/^-----BEGIN PUBLIC KEY-----\n[^-]+\n-----END PUBLIC KEY-----$/)
  })

  it('emergency cuts a key, has another one sign, and tells the feed', async () => {
    await using it = await scene()
    await it.run('stage')
    await it.run('stage', '--algorithm', 'ES256')
    const before = await it.list()
    const [current, next] = ['current', 'next'].map((state) => kidOf(before, 'ES256', state))
    expect(await it.fails('emergency', String(current))).to.match(/add --yes/)
    const said = await it.run('emergency', String(current), '--yes')
    expect(said).to.match(/has signed about 0 tokens for http:\/\/127\.0\.0\.1:9000/)
    expect(said).to.match(/APIs that go by the JWK Set alone, or by status lists: when .* 6m old/)
    expect(said).to.include(`${current} is cut; ${next} signs now`)
    const after = await it.list()
    expect(brief(after)).to.have.members(['ES256 cut', 'EdDSA current', 'ES256 current'])
    expect(kidOf(after, 'ES256', 'current')).to.equal(next)
    expect(JSON.parse(await it.run('export')).keys).to.have.lengthOf(2)

    const state = await openState({ url: `sqlite:${join(it.path, 'state.sqlite')}` })
    const cuts = async () => {
      const page = await state.revocationsAfter('', 100)
      const entries = page.gone ? [] : page.entries
      return entries.filter(({ kind }) => kind === 'key').map(({ target }) => target)
    }
    expect(await cuts()).to.deep.equal([current])
    // A second time it is the feed alone that is told.
    expect(await it.run('emergency', String(current), '--yes')).to.match(/is cut already/)
    expect(await cuts()).to.deep.equal([current, current])
    await state.close()
    await it.run('emergency', String(next), '--yes')
    expect(brief(await it.list())).to.have.members([
      'ES256 cut',
      'ES256 cut',
      'EdDSA current',
      'ES256 current',
    ])
  })
})

describe('latchkey keys import', () => {
  const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey
  const pem = (key: KeyObject, type: 'pkcs8' | 'sec1' | 'pkcs1') =>
    key.export({ type, format: 'pem' } as { type: 'pkcs8'; format: 'pem' }).toString()
  const jwk = (key: KeyObject, more = {}) =>
    JSON.stringify({ ...key.export({ format: 'jwk' }), ...more })
  const ed = generateKeyPairSync('ed25519').privateKey

  const good: readonly [name: string, text: string, algorithm: string, ...more: string[]][] = [
    ['PKCS#8', pem(ec, 'pkcs8'), 'ES256'],
    ['SEC1', pem(ec, 'sec1'), 'ES256'],
    ['PKCS#1, with its algorithm', pem(rsa, 'pkcs1'), 'PS256', '--algorithm', 'PS256'],
    ['a JWK', jwk(ed), 'EdDSA'],
    ['a JWK that says its algorithm', jwk(rsa, { alg: 'RS256' }), 'RS256'],
  ]
  for (const [name, text, algorithm, ...more] of good) {
    it(`takes ${name}`, async () => {
      await using it = await scene()
      const said = await it.run('import', await it.file('key', text), ...more)
      expect(said).to.match(/the first key for/)
      expect(brief(await it.list())).to.deep.equal([`${algorithm} current`])
      expect(await it.fails('import', await it.file('key', text), ...more)).to.match(
        /is in the ring already/,
      )
    })
  }

  it('stages a key where another one signs', async () => {
    await using it = await scene()
    await it.run('stage')
    await it.run('import', await it.file('key', pem(ec, 'pkcs8')))
    expect(brief(await it.list())).to.include('ES256 next')
  })

  const bad: readonly [name: string, text: string, says: RegExp, ...more: string[]][] = [
    ['nothing', '', /this is no private key in PEM/],
    ['half of a JWK', jwk(ec).slice(0, 40), /this is no whole JWK/],
    ['a set of keys', JSON.stringify({ keys: [] }), /give one JWK of it/],
    ['a public key', jwk(ec, { d: undefined }), /give the private one/],
    ['an algorithm that nobody knows', jwk(ec, { alg: 'ES256K' }), /is none of ES256/],
    ['RSA that does not say what for', pem(rsa, 'pkcs8'), /add --algorithm/],
    [
      'a key of another kind',
      pem(ec, 'pkcs8'),
      /it cannot sign with EdDSA/,
      '--algorithm',
      'EdDSA',
    ],
    [
      'a key with a passphrase',
      ec
        .export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'x' })
        .toString(),
      /has a passphrase/,
    ],
    [
      'a short RSA key',
      pem(generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey, 'pkcs8'),
      /1024 bits/,
      '--algorithm',
      'RS256',
    ],
    ['a large file', ' '.repeat(70_000), /longer than any key/],
  ]
  for (const [name, text, says, ...more] of bad) {
    it(`refuses ${name}, and quotes none of it`, async () => {
      await using it = await scene()
      const said = await it.fails('import', await it.file('key', text), ...more)
      expect(said).to.match(says)
      const secret = String(ec.export({ format: 'jwk' }).d)
      expect(said).not.to.include(secret.slice(0, 8))
      expect(await readdir(it.path)).not.to.include('keys')
    })
  }
})
