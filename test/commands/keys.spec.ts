import { mkdir, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'chai'
import { keysCommand } from '../../src/commands/keys.ts'
import { KeyFault } from '../../src/keys/key-fault.ts'
import { temporaryFolder } from '../parts/temporary-folder.ts'

const day = 86_400_000
const configuration = `
issuer: http://127.0.0.1:8000
keys: keys
apis:
  - audience: http://127.0.0.1:9000
    accessTokenLifetime: 5m
  - audience: http://127.0.0.1:9001
    accessTokenLifetime: 10m
    algorithm: EdDSA
`

/** `latchkey keys …` with a configuration of two APIs, and what it prints. */
async function scene() {
  const folder = await temporaryFolder()
  const config = join(folder.path, 'latchkey.yaml')
  await writeFile(config, configuration)
  const run = async (...words: string[]) => {
    const lines: string[] = []
    const command = keysCommand((line) => lines.push(line))
    await command.parseAsync([...words, '--config', config], { from: 'user' })
    return lines.join('\n')
  }
  return {
    ...folder,
    keys: join(folder.path, 'keys'),
    run,
    json: async (...words: string[]) => JSON.parse(await run(...words, '--json')),
  }
}

describe('latchkey keys', () => {
  it('generate makes the first key of every algorithm in use, signing at once', async () => {
    await using it = await scene()
    const keys = await it.json('generate')
    expect(keys.map(({ algorithm }: { algorithm: string }) => algorithm)).to.have.members([
      'ES256',
      'EdDSA',
    ])
    expect(keys.map(({ state }: { state: string }) => state)).to.deep.equal(['current', 'current'])
    expect(await readdir(it.keys)).to.have.members(['ES256-1.json', 'EdDSA-1.json'])
  })

  it('generate makes a further key that is published for a day before it signs', async () => {
    await using it = await scene()
    await it.run('generate')
    const keys = await it.json('generate', '--algorithm', 'ES256')
    expect(keys).to.have.lengthOf(3)
    const [current, next] = keys
    expect(next).to.include({ algorithm: 'ES256', state: 'next' })
    expect(Date.parse(next.activeAt) - Date.parse(next.createdAt)).to.equal(day)
    expect(current).to.include({ algorithm: 'ES256', state: 'current' })
    // The longest lifetime, that of EdDSA's API, and an hour: 70 minutes.
    expect(Date.parse(current.retiresAt) - Date.parse(next.activeAt)).to.equal(70 * 60_000)
  })

  it('generate --now makes a key that signs at once', async () => {
    await using it = await scene()
    await it.run('generate')
    const keys = await it.json('generate', '--algorithm', 'EdDSA', '--now')
    const states = keys
      .filter(({ algorithm }: { algorithm: string }) => algorithm === 'EdDSA')
      .map(({ state }: { state: string }) => state)
    expect(states).to.deep.equal(['previous', 'current'])
  })

  it('list shows a line per key and no private member', async () => {
    await using it = await scene()
    await it.run('generate')
    const printed = await it.run('list')
    expect(printed).to.match(/^[\w-]{43} {2}ES256 {2}current {3}signs from 20\d\d-.*Z\n/)
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

  it('list shows nothing for an empty folder', async () => {
    await using it = await scene()
    await mkdir(it.keys, { mode: 0o700 })
    expect(await it.json('list')).to.deep.equal([])
  })
})
