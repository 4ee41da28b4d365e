import { expect } from 'chai'
import { cheaply, type Latchkey, passwordGrant, secret, startLatchkey } from '../parts/latchkey.ts'
import { until } from '../parts/until.ts'

describe('RFC 6749 section 6: a refresh asks again whether the user may', () => {
  let server: Latchkey
  before(async () => {
    server = await startLatchkey()
  })
  after(() => server.stop())

  const person = async (username: string) => {
    await server.accounts.add({ username, hash: await cheaply('secret') })
    return server.login({ username })
  }
  const refresh = (token: string) =>
    server.post('/token', { grant_type: 'refresh_token', refresh_token: token, client_id: 'web' })

  it('refuses a disabled user, and for good [ROP-16 REF-04]', async () => {
    const { refresh_token: token } = await person('leaver')
    await server.accounts.disable('leaver')
    const login = await server.post('/token', { ...passwordGrant, username: 'leaver' })
    expect(login.json.error).to.equal('invalid_grant')
    const answer = await refresh(token)
    expect(answer.status).to.equal(400)
    expect(answer.json.error).to.equal('invalid_grant')
    await server.accounts.enable('leaver')
    expect((await refresh(token)).json.error).to.equal('invalid_grant')
    expect((await server.login({ username: 'leaver' })).access_token).to.be.a('string')
  })

  it('says at introspection that the refresh token of a disabled user is dead [INT-04]', async () => {
    const basic = `app:${secret}`
    const hash = await cheaply('secret')
    const { id } = await server.accounts.add({ username: 'absentee', hash })
    const form = { ...passwordGrant, username: 'absentee', client_id: 'app' }
    const { refresh_token: token } = (await server.post('/token', form, { basic })).json
    const introspect = () => server.post('/introspect', { token }, { basic })
    expect((await introspect()).json).to.include({ active: true, sub: id })
    await server.accounts.disable('absentee')
    await until(introspect, ({ json }) => json.active === false)
  })

  it('refuses a user who is gone [ROP-16]', async () => {
    const { refresh_token: token } = await person('gone')
    await server.accounts.remove('gone')
    expect((await refresh(token)).json.error).to.equal('invalid_grant')
  })

  it('refuses a login that is older than the password [REF-15]', async () => {
    const { refresh_token: before } = await person('changer')
    await server.accounts.setPassword('changer', await cheaply('another'))
    expect((await refresh(before)).json.error).to.equal('invalid_grant')
    const { refresh_token: after } = await server.login({
      username: 'changer',
      password: 'another',
    })
    expect((await refresh(after)).status).to.equal(200)
  })

  it('narrows a login to what the user may have now, and says so [SCP-06]', async () => {
    const hash = await cheaply('secret')
    await server.accounts.add({ username: 'reader', hash, scopes: ['read'] })
    const login = await server.login({ username: 'reader', scope: 'read write' })
    expect(login.scope).to.equal('read')
    const { json } = await refresh(login.refresh_token)
    expect(json.scope).to.equal('read')
    const more = await server.post('/token', {
      ...passwordGrant,
      username: 'reader',
      scope: 'write',
    })
    expect(more.json.error).to.equal('invalid_scope')
  })
})
