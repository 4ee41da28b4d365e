import { expect } from 'chai'
import {
  cheapHash,
  cheaply,
  type Latchkey,
  passwordGrant,
  startLatchkey,
} from '../parts/latchkey.ts'
import { atOnce } from './scene.ts'

const malformed = '$argon2id$v=19$m=8192,t=1,p=1$c2FsdA$'

/** Names by what is wrong with a login as them. */
const names = {
  'a wrong password': 'johndoe',
  'nobody of that name': 'nobody',
  'a disabled user': 'off',
  'a user without password': 'none',
  'a malformed hash': 'odd',
}

describe('advisories: whether a user exists', () => {
  let server: Latchkey
  before(async () => {
    server = await startLatchkey({ passwords: { hash: cheapHash, running: 1, queue: 0 } })
    await server.accounts.add({ username: 'off', hash: await cheaply('secret'), disabled: true })
    await server.accounts.add({ username: 'none' })
    await server.accounts.add({ username: 'odd', hash: malformed })
  })
  after(() => server.stop())

  const login = (username: string, password = 'guess') =>
    server.post('/token', { ...passwordGrant, username, password })

  /** With one hash at a time and no queue, logins at once that cost a hash get in each other's way. */
  const costsAHash = async (username: string) => {
    const answers = await atOnce(12, () => login(username))
    return answers.some(({ status }) => status === 503)
  }

  it('CVE-2025-6011 Vault: a name that nobody has was refused without a hash', async () => {
    expect(await costsAHash('johndoe'), 'a wrong password').to.equal(true)
    for (const username of ['nobody', 'nobody@example.com', 'x'.repeat(300)]) {
      expect(await costsAHash(username), username).to.equal(true)
    }
  })

  it('GHSA-hh28-h22f-8357 OpenBao: the hash that stands in was malformed, and cost nothing', async () => {
    for (const [what, username] of Object.entries(names)) {
      expect(await costsAHash(username), what).to.equal(true)
    }
  })

  it('CVE-2026-23511 Zitadel: answers told names that exist from those that do not', async () => {
    const seen = new Set<string>()
    for (const username of Object.values(names)) {
      const { status, text, headers } = await login(username)
      const fields = [...headers].filter(([name]) => !['date', 'x-request-id'].includes(name))
      seen.add(JSON.stringify([status, text, fields]))
    }
    seen.add(
      await login('off', 'secret').then(({ status, text, headers }) => {
        const fields = [...headers].filter(([name]) => !['date', 'x-request-id'].includes(name))
        return JSON.stringify([status, text, fields])
      }),
    )
    expect([...seen]).to.have.lengthOf(1)
    expect([...seen][0]).to.include('invalid_grant')
  })
})
