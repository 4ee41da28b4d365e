import { expect } from 'chai'
import { type Latchkey, passwordGrant, startLatchkey } from '../parts/latchkey.ts'
import { until } from '../parts/until.ts'

const grants = ['password', 'refresh_token', 'client_credentials']
const lasting = (id: string, idle: number, absolute: number) => ({
  id,
  secrets: ['a-secret-of-a-fixture'],
  grants,
  refresh: { idle, absolute, grace: 0 },
})

describe('RFC 9700 section 4.14.2: refresh tokens expire', () => {
  let server: Latchkey
  before(async () => {
    server = await startLatchkey({ clients: [lasting('idle', 2, 60), lasting('short', 2, 2)] })
  })
  after(() => server.stop())

  const as = (client: string) => {
    const options = { basic: `${client}:a-secret-of-a-fixture` }
    const { client_id: _, ...login } = passwordGrant
    return {
      login: async () => (await server.post('/token', login, options)).json,
      refresh: (token: string) =>
        server.post('/token', { grant_type: 'refresh_token', refresh_token: token }, options),
      /** Looking at a token does not use it. */
      isActive: async (token: string) =>
        (await server.post('/introspect', { token }, options)).json.active === true,
    }
  }

  it('when they are not used, and no sooner for being looked at [REF-14 REF-04]', async () => {
    const client = as('idle')
    const { refresh_token: first } = await client.login()
    const used = await client.refresh(first)
    expect(used.status).to.equal(200)
    const token = used.json.refresh_token
    const { refresh_token: unused } = await client.login()
    await until(
      () => client.isActive(token),
      (active) => !active,
    )
    await until(
      () => client.isActive(unused),
      (active) => !active,
    )
    for (const idle of [token, unused]) {
      const answer = await client.refresh(idle)
      expect(answer.status).to.equal(400)
      expect(answer.json.error).to.equal('invalid_grant')
    }
  })

  it('when the login is too old, however much they are used [REF-14]', async () => {
    const client = as('short')
    const login = await client.login()
    let token = login.refresh_token
    const last = await until(
      async () => {
        const answer = await client.refresh(token)
        if (answer.status === 200) token = answer.json.refresh_token
        return answer
      },
      ({ status }) => status !== 200,
    )
    expect(last.json.error).to.equal('invalid_grant')
    expect(token).not.to.equal(login.refresh_token)
  })

  it('and access tokens live no longer than the login', async () => {
    const { expires_in: seconds } = await as('short').login()
    expect(seconds).to.be.within(1, 2)
  })
})
