import { join } from 'node:path'
import { expect } from 'chai'
import { setClock, withClock } from '../faults/clock.ts'
import { type KillableServer, startKillableServer } from '../parts/killable-server.ts'
import {
  fixtureApis,
  fixtureClients,
  type Latchkey,
  passwordGrant,
  secret,
  startLatchkey,
} from '../parts/latchkey.ts'

const basic = `resource-server:${secret}`

describe('RFC 7009 section 2: revocation where the clock is wrong', () => {
  let right: Latchkey
  let wrong: KillableServer
  let folder: string

  before(async () => {
    right = await startLatchkey()
    ;({ folder } = right)
    const { environment } = withClock(folder)
    wrong = await startKillableServer(
      {
        issuer: right.issuer,
        listen: { host: '127.0.0.1', port: 0 },
        keys: join(folder, 'keys'),
        state: `sqlite:${join(folder, 'state.sqlite')}`,
        users: [{ type: 'embedded', path: join(folder, 'users.sqlite') }],
        apis: fixtureApis,
        clients: fixtureClients,
      },
      environment,
    )
  })
  after(async () => {
    await wrong.stop()
    await right.stop()
  })
  afterEach(() => setClock(folder, 0))

  for (const [name, seconds] of [
    ['an hour ahead', 3600],
    ['an hour behind', -3600],
  ] as const) {
    for (const kind of ['access_token', 'refresh_token'] as const) {
      for (const resource of ['https://api.example', 'https://opaque.example']) {
        it(`ends a${kind === 'access_token' ? 'n access' : ' refresh'} token of ${resource} by a clock ${name} [REV-15]`, async () => {
          const { json } = await right.post('/token', { ...passwordGrant, resource })
          setClock(folder, seconds)
          const { status } = await fetch(`${wrong.url}/revoke`, {
            method: 'POST',
            body: new URLSearchParams({ token: String(json[kind]), client_id: 'web' }),
          })
          expect(status).to.equal(200)
          setClock(folder, 0)
          const told = await right.post('/introspect', { token: String(json[kind]) }, { basic })
          expect(told.json).to.deep.equal({ active: false })
        })
      }
    }
  }
})
