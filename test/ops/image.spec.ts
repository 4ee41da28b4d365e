import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { text } from 'node:stream/consumers'
import { expect } from 'chai'
import packageJson from '../../package.json' with { type: 'json' }
import { type Instruction, parseDockerfile } from '../parts/dockerfile.ts'
import { freePort } from '../parts/port.ts'
import { type RedisServer, startRedis } from '../parts/redis.ts'
import { temporaryFolder } from '../parts/temporary-folder.ts'
import { until } from '../parts/until.ts'

const root = new URL('../..', import.meta.url).pathname
const stages = parseDockerfile(readFileSync(join(root, 'Dockerfile'), 'utf8'))
const [build = []] = stages
const image = stages.at(-1) ?? []

/** What `COPY a b to/` and `COPY a/ to/` do; an absolute source stands in another stage's folder. */
function copy({ rest }: Instruction, from: string, to: string): void {
  const words = rest.split(/\s+/)
  const target = join(to, words.pop() ?? '')
  for (const source of words) {
    const name = source.replace(/^\/build\//, '')
    cpSync(join(from, name), name.endsWith('/') ? target : join(target, basename(name)), {
      recursive: true,
    })
  }
}

const named = (stage: readonly Instruction[], name: string) =>
  stage.filter((instruction) => instruction.name === name)

// The steps of the Dockerfile on this machine, but for the installation: the modules are those of the checkout.
describe('what the image runs', function () {
  this.timeout(120_000)
  let folder: Awaited<ReturnType<typeof temporaryFolder>>
  let redis: RedisServer
  let latchkey = ''

  before(async () => {
    folder = await temporaryFolder()
    redis = await startRedis()
    const built = join(folder.path, 'build')
    latchkey = join(folder.path, 'latchkey')
    for (const place of [built, latchkey]) {
      mkdirSync(place)
      symlinkSync(join(root, 'node_modules'), join(place, 'node_modules'))
    }
    for (const one of named(build, 'COPY')) copy(one, root, built)
    for (const { rest } of named(build, 'RUN').filter(({ rest }) => !rest.startsWith('npm ci')))
      execFileSync('sh', ['-c', rest], { cwd: built, stdio: ['ignore', 'ignore', 'inherit'] })
    for (const one of named(image, 'COPY').filter(({ rest }) => !rest.includes('node_modules')))
      copy(one, one.flags.includes('--from=build') ? built : root, latchkey)
  })

  after(async () => {
    await redis?.stop()
    await folder?.[Symbol.asyncDispose]()
  })

  const run = (...words: string[]) => {
    const [entry = ''] = JSON.parse(named(image, 'ENTRYPOINT')[0]?.rest ?? '[]')
    return spawn(entry.replace(/^\/latchkey/, latchkey), words, {
      cwd: latchkey,
      stdio: ['ignore', 'pipe', 'inherit'],
    })
  }

  it('knows its version', async () => {
    expect(await text(run('--version').stdout)).to.equal(`${packageJson.version}\n`)
  })

  it('serves with its state in Redis, and ends when it is told to', async () => {
    const port = await freePort()
    const file = join(folder.path, 'latchkey.yaml')
    await writeFile(
      file,
      `issuer: http://127.0.0.1:${port}
listen: { port: ${port} }
state: ${redis.url}
apis: [{ audience: http://127.0.0.1:9000 }]
log: { level: error }
`,
    )
    const server = run('serve', '--config', file)
    const ended = once(server, 'exit')
    const ready = () =>
      fetch(`http://127.0.0.1:${port}/readyz`).then(
        ({ status }) => status,
        () => undefined,
      )
    try {
      expect(await until(ready, (status) => status !== undefined, 30_000)).to.equal(200)
    } finally {
      server.kill('SIGTERM')
    }
    expect(await ended).to.deep.equal([0, null])
  })
})
