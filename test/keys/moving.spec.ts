import { randomBytes } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'chai'
import { decodeProtectedHeader } from 'jose'
import { keysCommand } from '../../src/commands/keys.ts'
import { startLatchkey } from '../parts/latchkey.ts'
import { tidied } from '../parts/tidy.ts'

describe('a server whose keys move to the shared store', () => {
  const kept = tidied()

  it('goes on with the same keys and the same logins', async () => {
    const server = kept(await startLatchkey())
    const jwks = async () => (await fetch(`${server.service.url}/.well-known/jwks.json`)).text()
    const login = await server.login()
    const before = await jwks()

    const keys = { store: true, seal: { key: randomBytes(32).toString('base64') } }
    const file = async (name: string, home: object) => {
      const path = join(server.folder, name)
      const apis = [{ audience: 'https://api.example' }]
      const settings = { issuer: server.issuer, state: 'sqlite:state.sqlite', apis, ...home }
      await writeFile(path, JSON.stringify(settings))
      return path
    }
    const words = ['--from', await file('now.yaml', { keys: 'keys' })]
    words.push('--config', await file('next.yaml', { keys }))
    await keysCommand(() => undefined).parseAsync(['move', ...words], { from: 'user' })
    await server.replace({ keys })

    expect(await jwks()).to.equal(before)
    const refreshed = await server.post('/token', {
      grant_type: 'refresh_token',
      refresh_token: login.refresh_token,
      client_id: 'web',
    })
    expect(refreshed.status).to.equal(200)
    const kids = [login, refreshed.json].map(
      ({ access_token }) => decodeProtectedHeader(access_token).kid,
    )
    expect(kids[1]).to.equal(kids[0])
    const profile = await fetch(`${server.service.url}/users/me`, {
      headers: { authorization: `Bearer ${login.access_token}` },
    })
    expect(profile.status).to.equal(200)
  })
})
