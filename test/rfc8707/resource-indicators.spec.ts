import { expect } from 'chai'
import { type Latchkey, secret, startLatchkey } from '../parts/latchkey.ts'
import { decodeJws } from '../parts/server-key.ts'

describe('RFC 8707: resource indicators', () => {
  const api = 'https://api.example'
  const rsa = 'https://rsa.example'
  let latchkey: Latchkey

  before(async () => {
    latchkey = await startLatchkey()
  })

  after(() => latchkey.stop())

  const ask = (parameters: string) =>
    latchkey.post('/token', `grant_type=client_credentials&${parameters}`, {
      basic: `app:${secret}`,
    })
  const refused = async (parameters: string, code = 'invalid_target') => {
    const { status, json } = await ask(parameters)
    expect([status, json.error], parameters).to.deep.equal([400, code])
  }
  const refresh = (token: string, more: Record<string, string>) =>
    latchkey.post('/token', {
      grant_type: 'refresh_token',
      refresh_token: token,
      client_id: 'web',
      ...more,
    })

  it('section 2: the resource is an absolute URI without a fragment [RIN-01]', async () => {
    for (const resource of ['api', '/api', '//api.example', `${api}#part`, `${api}#`, 'https://']) {
      await refused(`resource=${encodeURIComponent(resource)}`)
    }
  })

  it('section 2: one that is unknown, or not for this client, is invalid_target [RIN-02]', async () => {
    for (const resource of [
      'https://unknown.example',
      `${api}/`,
      'HTTPS://api.example',
      'urn:api',
    ]) {
      await refused(`resource=${encodeURIComponent(resource)}`)
    }
    await refused(`resource=${rsa}&scope=read`, 'invalid_scope')
  })

  it('section 2.2: the token is for what was asked [RIN-04 JAT-08]', async () => {
    for (const audience of [api, rsa]) {
      const { json } = await ask(`resource=${audience}`)
      expect(decodeJws(json.access_token).claims.aud).to.equal(audience)
    }
  })

  it('section 2: the same one may be repeated, and no other beside it [RIN-03 RIN-06 JAT-09]', async () => {
    const { status, json } = await ask(`resource=${api}&resource=${api}`)
    expect(status).to.equal(200)
    expect(decodeJws(json.access_token).claims.aud).to.equal(api)
    await refused(`resource=${api}&resource=${rsa}`)
  })

  it('section 2.2: a refresh stays with the resource of the login [RIN-05 REF-16]', async () => {
    const login = await latchkey.login({ resource: rsa })
    for (const resource of [api, 'https://unknown.example']) {
      const { status, json } = await refresh(login.refresh_token, { resource })
      expect([status, json.error]).to.deep.equal([400, 'invalid_target'])
    }
    const same = await refresh(login.refresh_token, { resource: rsa })
    expect(decodeJws(same.json.access_token).claims.aud).to.equal(rsa)
    const plain = await refresh(same.json.refresh_token, {})
    expect(decodeJws(plain.json.access_token).claims.aud).to.equal(rsa)
  })
})
