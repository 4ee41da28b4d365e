import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { expect } from 'chai'
import { type Latchkey, secret, startLatchkey } from '../parts/latchkey.ts'

/** Runs a client of another language to its end and reads the JSON it prints. */
async function run(program: string, words: readonly string[], environment = {}): Promise<unknown> {
  const child = spawn(program, words, { env: { ...process.env, ...environment } })
  const [printed, errors] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close'),
  ])
  if (child.exitCode !== 0) throw new Error(`${program} failed: ${errors}`)
  return JSON.parse(printed)
}

const here = (file: string) => join(import.meta.dirname, file)

describe('clients in other languages', function () {
  this.timeout(120_000)
  let server: Latchkey

  before(async () => {
    server = await startLatchkey()
  })
  after(() => server.stop())

  it('requests-oauthlib', async () => {
    const script = here('python/requests_oauthlib_client.py')
    expect(await run('/usr/bin/python3', [script, server.issuer, secret])).to.deep.equal({
      username: 'johndoe',
      rotated: true,
      revoked: 200,
      gone: true,
      public: 'Bearer',
      service: ['read'],
      invalid_grant: true,
      invalid_client: true,
    })
  })

  it('Authlib', async () => {
    const script = here('python/authlib_client.py')
    expect(await run('/usr/bin/python3', [script, server.issuer, secret])).to.deep.equal({
      username: 'johndoe',
      rotated: 3,
      active: [true, false],
      service: 'read',
      invalid_grant: 'invalid_grant',
      invalid_client: 'invalid_client',
    })
  })

  it('golang.org/x/oauth2', async () => {
    // Debian's package of the library lies in a GOPATH, without modules.
    const environment = {
      GOPATH: '/usr/share/gocode',
      GO111MODULE: 'off',
      GOCACHE: join(import.meta.dirname, '../../node_modules/.cache/go'),
      GOFLAGS: '',
      CGO_ENABLED: '0',
    }
    expect(
      await run('go', ['run', here('go/main.go'), server.issuer, secret], environment),
    ).to.deep.equal({
      profile: 200,
      rotated: true,
      type: 'Bearer',
      service: true,
      replayed: 400,
      invalid_grant: 400,
      invalid_client: 401,
    })
  })
})
