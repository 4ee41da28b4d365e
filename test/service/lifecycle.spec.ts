import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { request } from 'node:http'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { expect } from 'chai'
import { latchkey, startLatchkey } from '../cli/command.ts'
import type { TokenAnswer } from '../parts/latchkey.ts'
import { freePort } from '../parts/port.ts'
import { temporaryFolder } from '../parts/temporary-folder.ts'
import { until } from '../parts/until.ts'

const configuration = (port: number) => `
issuer: http://127.0.0.1:${port}
listen: { host: 127.0.0.1, port: ${port} }
keys: keys
state: sqlite:state.sqlite
users: [{ type: embedded, path: users.sqlite }]
apis: [{ audience: https://api.example, scopes: [read], profile: true }]
clients:
  - id: web
    public: true
    grants: [password, refresh_token]
passwords: { hash: { memory: 8192, iterations: 1 } }
`

describe('the server as a process', () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>
  let url: string
  let file: string

  before(async () => {
    folder = await temporaryFolder()
    const port = await freePort()
    url = `http://127.0.0.1:${port}`
    file = join(folder.path, 'latchkey.yaml')
    await writeFile(file, configuration(port))
    const added = await latchkey(['user', 'add', 'johndoe', '--password-stdin', '--config', file], {
      input: 'secret\n',
    })
    expect(added.code, added.stderr).to.equal(0)
  })
  after(() => folder[Symbol.asyncDispose]())

  async function serve() {
    const child = startLatchkey(['serve', '--config', file])
    const output = Promise.all([text(child.stdout), text(child.stderr)])
    await until(
      () =>
        fetch(`${url}/readyz`).then(
          ({ status }) => status,
          () => 0,
        ),
      (status) => status === 200,
    )
    return {
      async stop(signal: NodeJS.Signals) {
        child.kill(signal)
        const [code] = await once(child, 'exit')
        return { code, output: (await output).join('') }
      },
    }
  }

  const post = async (path: string, form: Record<string, string>) => {
    const response = await fetch(url + path, { method: 'POST', body: new URLSearchParams(form) })
    return { status: response.status, json: (await response.json()) as TokenAnswer }
  }
  const login = {
    grant_type: 'password',
    username: 'johndoe',
    password: 'secret',
    client_id: 'web',
  }
  const refresh = (token: string) =>
    post('/token', { grant_type: 'refresh_token', refresh_token: token, client_id: 'web' })
  const me = async (token: string) => {
    const response = await fetch(`${url}/users/me`, {
      headers: { Authorization: `Bearer ${token}` },
    })
    await response.text()
    return response.status
  }

  it('keeps users, logins and revocations over a restart, also over SIGKILL', async () => {
    const first = await serve()
    const kept = await post('/token', login)
    const revoked = await post('/token', login)
    expect(
      (await post('/revoke', { token: revoked.json.refresh_token, client_id: 'web' })).status,
    ).to.equal(200)
    const next = await refresh(kept.json.refresh_token)
    await first.stop('SIGKILL')

    const second = await serve()
    expect((await post('/token', login)).status).to.equal(200)
    expect(await me(next.json.access_token)).to.equal(200)
    expect(await me(revoked.json.access_token)).to.equal(401)
    expect((await refresh(revoked.json.refresh_token)).json.error).to.equal('invalid_grant')
    expect((await refresh(next.json.refresh_token)).status).to.equal(200)
    await second.stop('SIGTERM')
  })

  it('at SIGTERM finishes what is in flight, takes nothing new, and exits 0', async () => {
    const server = await serve()
    const body = new URLSearchParams(login).toString()
    const slow = request(`${url}/token`, {
      method: 'POST',
      headers: {
        'Content-Type': 'application/x-www-form-urlencoded',
        'Content-Length': body.length,
      },
    })
    const answered = once(slow, 'response')
    slow.write(body.slice(0, 10))
    await until(
      () => fetch(`${url}/healthz`).then(({ status }) => status),
      (status) => status === 200,
    )
    const stopped = server.stop('SIGTERM')
    await until(
      () =>
        fetch(`${url}/healthz`, { headers: { Connection: 'close' } }).then(
          () => true,
          () => false,
        ),
      (reachable) => !reachable,
    )
    slow.end(body.slice(10))
    const [response] = await answered
    expect(response.statusCode).to.equal(200)
    expect(JSON.parse(await text(response))).to.include({ token_type: 'Bearer' })
    const { code, output } = await stopped
    expect(code, output).to.equal(0)
  })
})
