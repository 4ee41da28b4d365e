import { readFile, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'chai'
import { temporaryFolder } from '../parts/temporary-folder.ts'
import { binary, latchkey } from './command.ts'

describe('latchkey', () => {
  it('teaches in its help, also that of every command', async () => {
    const { code, stdout } = await latchkey(['--help'])
    expect(code).to.equal(0)
    for (const word of [
      'serve',
      'check-config',
      'client',
      'keys',
      'hash',
      'Exit codes',
      'config/production.yaml',
    ])
      expect(stdout).to.contain(word)
    expect((await latchkey(['client', 'add', '--help'])).stdout).to.contain('--grant <grant>')
  })

  it('exits 2 for a wrong command line, on standard error', async () => {
    for (const words of [
      [],
      ['srve'],
      ['check-config'],
      ['hash', '--nope'],
      ['client', 'add', '--config', 'a'],
    ]) {
      const { code, stdout, stderr } = await latchkey(words)
      expect(code, words.join(' ')).to.equal(2)
      expect(stdout).to.equal('')
      expect(stderr).not.to.equal('')
    }
  })

  it('says its version', async () => {
    const { version } = JSON.parse(await readFile(join(binary, '../../package.json'), 'utf8'))
    expect((await latchkey(['--version'])).stdout).to.equal(`${version}\n`)
  })

  it('runs through symbolic links, from any folder', async () => {
    await using folder = await temporaryFolder()
    await symlink(binary, join(folder.path, 'one'))
    await symlink('one', join(folder.path, 'two'))
    const { code } = await latchkey(['--version'], { binary: './two', folder: folder.path })
    expect(code).to.equal(0)
  })

  it("takes the package's own node when the system's is too old", async () => {
    await using folder = await temporaryFolder()
    await writeFile(join(folder.path, 'node'), '#!/bin/sh\necho v20.20.2\n', { mode: 0o755 })
    const { code, stdout } = await latchkey(['--version'], { path: `${folder.path}:/usr/bin:/bin` })
    expect({ code, stdout }).to.deep.equal({ code: 0, stdout: '0.1.0\n' })
  })
})

describe('latchkey check-config', () => {
  it('names every fault on a line of its own and exits 1', async () => {
    await using folder = await temporaryFolder()
    const file = join(folder.path, 'a.yaml')
    await writeFile(file, 'issuer: http://auth.example\nkeyz: a\napis: []\n')
    const { code, stdout, stderr } = await latchkey(['check-config', '--config', file])
    expect({ code, stdout }).to.deep.equal({ code: 1, stdout: '' })
    expect(
      stderr
        .split('\n')
        .slice(0, 3)
        .map((line) => line.split(': ').slice(-3)[0]),
    ).to.have.lengthOf(3)
    expect(stderr).to.contain(`${file}:2:1 keyz: unknown option \`keyz\`: did you mean \`keys\`?`)
    const json = await latchkey(['check-config', '--config', file, '--json'])
    expect(json.code).to.equal(1)
    expect(JSON.parse(json.stdout)).to.have.property('valid', false)
    expect(JSON.parse(json.stdout).faults[1]).to.include({ line: 2, column: 1, path: 'keyz' })
  })

  it('says that a good one is good', async () => {
    const config = join(binary, '../../config/development.yaml')
    const { code, stdout } = await latchkey(['check-config', '--config', config])
    expect({ code, stdout }).to.deep.equal({ code: 0, stdout: `${config} is valid\n` })
    const json = await latchkey(['check-config', '--config', config, '--json'])
    expect(JSON.parse(json.stdout)).to.deep.equal({ valid: true, faults: [] })
  })
})
