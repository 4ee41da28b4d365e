import { execFileSync } from 'node:child_process'
import {
  appendFileSync,
  cpSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { join, relative } from 'node:path'
import { expect } from 'chai'
import { latchkey } from '../cli/command.ts'
import { startProgram } from '../fuzz/program.ts'
import { fuzz } from '../fuzz/run.ts'
import { temporaryFolder } from '../parts/temporary-folder.ts'

const root = new URL('../..', import.meta.url).pathname
const printed = '--import=data:text/javascript,console.error(process.argv[1])'

describe('the bundle in a checkout', function () {
  this.timeout(60_000)
  let folder: Awaited<ReturnType<typeof temporaryFolder>>
  let checkout = ''

  beforeEach(async () => {
    folder = await temporaryFolder()
    checkout = join(folder.path, 'checkout')
    for (const name of ['bin', 'scripts', 'src', 'package.json', 'package-lock.json'])
      cpSync(join(root, name), join(checkout, name), { recursive: true })
    symlinkSync(join(root, 'node_modules'), join(checkout, 'node_modules'))
    execFileSync(process.execPath, ['scripts/bundle.ts'], { cwd: checkout })
  })

  afterEach(() => folder[Symbol.asyncDispose]())

  /** What bin/latchkey runs. */
  async function entry(): Promise<string> {
    const { code, stderr } = await latchkey(['--version'], {
      binary: join(checkout, 'bin/latchkey'),
      environment: { NODE_OPTIONS: printed },
    })
    expect(code).to.equal(0)
    // The first to say it is the look at the version of Node.
    return relative(checkout, stderr.trim().split('\n').at(-1) ?? '')
  }

  it('runs while it is made of the very files that are there, and is made anew when it is not', async () => {
    expect(await entry()).to.equal('dist/server/cli.js')
    const file = join(checkout, 'src/clients/client.ts')
    const { atime, mtime } = statSync(file)
    const text = readFileSync(file, 'utf8')
    // As long as before, and as old: as copies and archives may leave it.
    writeFileSync(file, text.replace('/**', '/* '))
    utimesSync(file, atime, mtime)
    expect(await entry()).to.equal('src/cli.ts')

    execFileSync(process.execPath, ['scripts/bundle.ts', '--if-stale'], { cwd: checkout })
    expect(await entry()).to.equal('dist/server/cli.js')
    appendFileSync(join(checkout, 'package-lock.json'), '\n')
    expect(await entry()).to.equal('src/cli.ts')
  })

  it('answers any request as the RFCs allow, and says nothing of it on standard error', async () => {
    const seed = Number(process.env.FUZZ_SEED ?? Date.now() % 2 ** 31)
    const { statuses } = await fuzz(() => startProgram(join(checkout, 'bin/latchkey')), 3000, seed)
    expect(statuses).to.include.keys('200', '400', '401', '404', '405')
  })

  it('gives way to the sources when one of them is gone, or nobody can tell', async () => {
    rmSync(join(checkout, 'src/state/scripts/clock.lua'))
    expect(await entry()).to.equal('src/cli.ts')
    execFileSync(process.execPath, ['scripts/bundle.ts', '--if-stale'], { cwd: checkout })
    expect(await entry()).to.equal('dist/server/cli.js')
    writeFileSync(join(checkout, 'scripts/made-of'), 'exit 1\n')
    expect(await entry()).to.equal('src/cli.ts')
  })
})
