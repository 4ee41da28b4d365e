import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect } from 'chai'
import { goodClaims, makeKey, signCompact, startIssuer } from '../parts/issuer.ts'

const run = promisify(execFile)
const root = fileURLToPath(new URL('../..', import.meta.url))

/** This Node, and the machine's own where there is another one. */
function nodes(): ReadonlySet<string> {
  const found = (process.env.PATH ?? '')
    .split(delimiter)
    .filter((folder) => !folder.includes('node_modules'))
    .map((folder) => join(folder, 'node'))
    .find((file) => existsSync(file))
  return new Set([process.execPath, ...(found ? [realpathSync(found)] : [])])
}

const consumer = `
import { createVerifier, scopesOf, VerificationUnavailable } from 'latchkey/resource-server'

const [issuer, good, forged] = process.argv.slice(2)
const verifier = createVerifier({ issuer, audience: 'https://api.example' })
const claims = await verifier.verify(good)
const error = await verifier.verify(forged).catch((reason) => reason)
console.log(JSON.stringify([claims.sub, scopesOf(claims), error.name, error.status, typeof VerificationUnavailable]))
`

const typedConsumer = `
import express from 'express'
import fastify from 'fastify'
import Koa from 'koa'
import {
  type AccessTokenClaims,
  createVerifier,
  expressAccessToken,
  fastifyAccessToken,
  fetchAccessToken,
  koaAccessToken,
} from 'latchkey/resource-server'

const verifier = createVerifier({ issuer: 'https://login.example', audience: 'https://api.example' })
express().get('/', expressAccessToken(verifier, { scopes: ['me'] }), (_, res) => void res.json({}))
fastify().addHook('onRequest', fastifyAccessToken(verifier))
new Koa().use(koaAccessToken(verifier, { realm: 'demo' }))
export const handler = fetchAccessToken(verifier)((_, { sub, scope }: AccessTokenClaims) => {
  const text: string = sub
  // @ts-expect-error scope may be missing
  const missing: string = scope
  return new Response(text + missing)
})
`

describe('the package, as it is published', () => {
  let folder: string

  before(async function () {
    this.timeout(120_000)
    folder = mkdtempSync(join(tmpdir(), 'latchkey-package-'))
    await run('npm', ['run', 'build'], { cwd: root })
    await run('npm', ['pack', '--silent', '--pack-destination', folder], { cwd: root })
    const [archive = ''] = readdirSync(folder).filter((name) => name.endsWith('.tgz'))
    await run('tar', ['-xzf', archive], { cwd: folder })
    mkdirSync(join(folder, 'node_modules', '@types'), { recursive: true })
    symlinkSync(join(folder, 'package'), join(folder, 'node_modules', 'latchkey'))
    // What an API that uses the package has beside it.
    for (const name of [
      'jose',
      'express',
      'koa',
      'fastify',
      '@types/node',
      '@types/express',
      '@types/koa',
    ]) {
      symlinkSync(join(root, 'node_modules', name), join(folder, 'node_modules', name))
    }
    mkdirSync(join(folder, 'package', 'node_modules'))
    symlinkSync(join(root, 'node_modules', 'jose'), join(folder, 'package', 'node_modules', 'jose'))
    writeFileSync(join(folder, 'package.json'), '{"type":"module"}')
  })

  after(() => {
    rmSync(folder, { recursive: true })
  })

  for (const node of nodes()) {
    it(`gives latchkey/resource-server to ${node === process.execPath ? 'this Node' : "the machine's Node"}`, async () => {
      const key = makeKey()
      const issuer = await startIssuer([key])
      const header = { alg: 'ES256', typ: 'at+jwt', kid: key.kid }
      const good = signCompact(header, goodClaims(issuer.url), key)
      const forged = signCompact(header, goodClaims(issuer.url), makeKey())
      writeFileSync(join(folder, 'consumer.js'), consumer)
      const { stdout } = await run(node, ['consumer.js', issuer.url, good, forged], { cwd: folder })
      await issuer.close()
      expect(JSON.parse(stdout)).to.deep.equal([
        'johndoe',
        ['me', 'items'],
        'BearerError',
        401,
        'function',
      ])
    })
  }

  it('runs the Express example', async () => {
    const key = makeKey()
    const issuer = await startIssuer([key])
    copyFileSync(join(root, 'examples/express/main.js'), join(folder, 'main.js'))
    const [node = process.execPath] = [...nodes()].reverse()
    const api = spawn(node, ['main.js'], {
      cwd: folder,
      env: { LATCHKEY_URL: issuer.url, LATCHKEY_AUDIENCE: 'https://api.example', PORT: '0' },
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const [line] = await once(api.stdout, 'data')
    const get = (authorization: string) =>
      fetch(`${String(line).trim()}/users/me/items`, { headers: { authorization } })
    const header = { alg: 'ES256', typ: 'at+jwt', kid: key.kid }
    const good = await get(`Bearer ${signCompact(header, goodClaims(issuer.url), key)}`)
    const bad = await get(`Bearer ${signCompact(header, goodClaims(issuer.url), makeKey())}`)
    const outcome = [good.status, await good.json(), bad.status]
    api.kill()
    await once(api, 'exit')
    await issuer.close()
    expect(outcome).to.deep.equal([200, [{ item_id: 'Foo', owner: 'johndoe' }], 401])
  })

  it('has types that fit Koa, Express, Fastify and fetch handlers', async function () {
    this.timeout(60_000)
    writeFileSync(join(folder, 'consumer.ts'), typedConsumer)
    const options =
      '--noEmit --strict --module nodenext --target es2023 --skipLibCheck --types node'
    const tsc = join(root, 'node_modules', '.bin', 'tsc')
    const { stdout } = await run(tsc, [...options.split(' '), 'consumer.ts'], {
      cwd: folder,
    }).catch((failure) => failure)
    expect(stdout).to.equal('')
  })

  it('has the server and its command beside it', async () => {
    // All that is no part of the bundle: binaries, of which npm installs those that fit.
    symlinkSync(
      join(root, 'node_modules', '@node-rs'),
      join(folder, 'package', 'node_modules', '@node-rs'),
    )
    symlinkSync(join(folder, 'package', 'bin', 'latchkey'), join(folder, 'latchkey'))
    const { stdout } = await run(join(folder, 'latchkey'), ['--version'], { cwd: tmpdir() })
    expect(stdout).to.match(/^\d+\.\d+\.\d+\n$/)
    const files = readdirSync(join(folder, 'package', 'dist'))
    expect(files).to.have.members(['resource-server', 'server'])
    expect(existsSync(join(folder, 'package', 'dist', 'server', 'NOTICES'))).to.equal(true)
    expect(existsSync(join(folder, 'package', 'dist', 'resource-server', 'index.d.ts'))).to.equal(
      true,
    )
    expect(existsSync(join(folder, 'package', 'src'))).to.equal(false)
  })
})
