import { spawnSync } from 'node:child_process'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'chai'
import packageJson from '../../package.json' with { type: 'json' }
import { temporaryFolder } from '../parts/temporary-folder.ts'

const script = (name: string) => new URL(`../../scripts/${name}`, import.meta.url).pathname
const root = new URL('../..', import.meta.url).pathname
const run = (name: string, folder: string, ...words: string[]) =>
  spawnSync(process.execPath, [script(name), ...words], { cwd: folder, encoding: 'utf8' })

/** A project with one dependency, one for development and one for this platform, and with what is installed of it. */
async function project(installed: Record<string, object>) {
  const folder = await temporaryFolder()
  const packages = {
    '': { name: 'project' },
    'node_modules/a': {
      version: '1.0.0',
      optionalDependencies: { '@a/b-linux-x64-musl': '2.0.0' },
    },
    'node_modules/d': { version: '1.0.0', dev: true },
    'node_modules/o': { version: '1.0.0', optional: true },
  }
  await writeFile(join(folder.path, 'package-lock.json'), JSON.stringify({ packages }))
  await mkdir(join(folder.path, 'node_modules'))
  const hidden = join(folder.path, 'node_modules', '.package-lock.json')
  await writeFile(hidden, JSON.stringify({ packages: installed }))
  return folder
}

const a = { 'node_modules/a': { version: '1.0.0' } }
const d = { 'node_modules/d': { version: '1.0.0' } }

describe('scripts/installed.cjs', () => {
  const verdicts: [string, Record<string, object>, string[], number][] = [
    ['all is there', { ...a, ...d }, ['--test'], 0],
    ['only what tests need is missing, and it is not asked for', a, [], 0],
    ['what tests need is missing', a, ['--test'], 1],
    [
      'a version is not the one of the lock file',
      { 'node_modules/a': { version: '0.9.0' } },
      [],
      1,
    ],
    ['nothing is installed', {}, [], 1],
  ]
  for (const [situation, installed, words, code] of verdicts)
    it(`exits ${code} when ${situation}`, async () => {
      await using folder = await project(installed)
      const { status, stderr } = run('installed.cjs', folder.path, ...words)
      expect(status, stderr).to.equal(code)
      if (code) expect(stderr).to.match(/^node_modules\/[ad] is not installed/)
    })
})

describe('scripts/complete-lock.cjs', () => {
  it('adds the binaries of other platforms with version and platform, once', async () => {
    await using folder = await project({})
    expect(run('complete-lock.cjs', folder.path, '--check').status).to.equal(1)
    expect(run('complete-lock.cjs', folder.path).status).to.equal(0)
    const lock = JSON.parse(await readFile(join(folder.path, 'package-lock.json'), 'utf8'))
    expect(lock.packages['node_modules/@a/b-linux-x64-musl']).to.deep.equal({
      version: '2.0.0',
      cpu: ['x64'],
      libc: ['musl'],
      optional: true,
      os: ['linux'],
    })
    expect(run('complete-lock.cjs', folder.path, '--check').status).to.equal(0)
  })
})

describe('the dependencies', () => {
  it('are pinned, each to one version', () => {
    const { dependencies, devDependencies, optionalDependencies } = packageJson
    const all = { ...dependencies, ...devDependencies, ...optionalDependencies }
    for (const [name, version] of Object.entries(all))
      expect(version, name).to.match(/^\d+\.\d+\.\d+$/)
  })

  it('stand in a lock file that npm ci takes on every platform', () => {
    const { status, stderr } = run('complete-lock.cjs', root, '--check')
    expect(status, stderr).to.equal(0)
  })

  it('run no script when they are installed', async () => {
    expect(await readFile(join(root, '.npmrc'), 'utf8')).to.match(/^ignore-scripts=true$/m)
  })
})
