import { expect } from 'chai'
import { Config } from '../../src/config/schema.ts'
import { readJwks } from '../parts/documents.ts'
import { fixtureApis, type Latchkey, passwordGrant, startLatchkey } from '../parts/latchkey.ts'
import { exchange, formRequest } from '../parts/raw-socket.ts'
import { decodeJws } from '../parts/server-key.ts'
import { outcomeOf, processorTime } from './scene.ts'

describe('advisories: headers that proxies write, and others too', () => {
  let open: Latchkey
  let proxied: Latchkey
  before(async () => {
    const slow = { free: 3, delay: '1h', longest: '1h', forget: '2h' }
    open = await startLatchkey({ throttle: { account: slow, known: slow } })
    proxied = await startLatchkey({ proxy: { trusted: ['127.0.0.0/8'] } })
  })
  after(async () => {
    await proxied.stop()
    await open.stop()
  })

  it('CVE-2024-47070 authentik: an address that is none skipped the password', async () => {
    const addresses = ['a', '-', ',', '999.1.1.1', '127.0.0.1, nonsense', '::g', "';--", '0', '\t']
    for (const address of addresses) {
      const options = { headers: { 'X-Forwarded-For': address } }
      const wrong = await proxied.post('/token', { ...passwordGrant, password: 'wrong' }, options)
      expect(outcomeOf(wrong), address).to.equal('400 invalid_grant')
      expect(outcomeOf(await proxied.post('/token', passwordGrant, options))).to.equal('200')
    }
  })

  it('CVE-2026-76835 oauth2-proxy: everybody was a trusted proxy by default', async () => {
    const headers = (index: number) => ({
      headers: {
        'X-Forwarded-For': `203.0.113.${index}`,
        Forwarded: `for=203.0.113.${index}`,
        'X-Real-IP': `203.0.113.${index}`,
      },
    })
    for (let index = 0; index < 3; index++) {
      await open.post('/token', { ...passwordGrant, password: 'wrong' }, headers(index))
    }
    const answer = await open.post('/token', { ...passwordGrant, password: 'wrong' }, headers(9))
    expect(answer.status, 'an address was believed').to.equal(429)
    expect(new Set(open.log.map(({ address }) => address ?? '127.0.0.1'))).to.deep.equal(
      new Set(['127.0.0.1']),
    )
    for (const everybody of ['0.0.0.0/0', '::/0', '10.0.0.0/0']) {
      const settings = { issuer: 'http://127.0.0.1', apis: fixtureApis, users: [] }
      const { error } = Config.safeParse({ ...settings, proxy: { trusted: [everybody] } })
      expect(error?.message, everybody).to.include('trusting every address trusts nobody')
    }
  })

  it('CVE-2026-27959 Koa: an @ in Host decided what the server called itself', async () => {
    for (const host of ['a:x@evil.example', 'evil.example@127.0.0.1', 'x@127.0.0.1:80']) {
      const form = new URLSearchParams(passwordGrant).toString()
      const octets = formRequest('/token', form, [`Host: ${host}`])
      expect((await exchange(open.service.url, octets)).status, host).to.equal(400)
    }
    for (const server of [open, proxied]) {
      const headers = {
        'X-Forwarded-Host': 'a:x@evil.example',
        'X-Forwarded-Proto': 'https',
        Forwarded: 'host="x@evil.example";proto=https',
      }
      const url = `${server.service.url}/.well-known/oauth-authorization-server`
      const metadata = await fetch(url, { headers })
      expect(await metadata.text()).not.to.include('evil.example')
      const { json } = await server.post('/token', passwordGrant, { headers })
      if (json.access_token) expect(decodeJws(json.access_token).claims.iss).to.equal(server.issuer)
    }
  })

  it('CVE-2025-25200 Koa: a long X-Forwarded-Proto took the server minutes to read', async () => {
    const spent = await processorTime(async () => {
      for (const filler of [' ', '\t', ', ', 'a,', 'a ']) {
        const value = `a${filler.repeat(Math.floor(14_000 / filler.length))}b`
        for (const name of ['X-Forwarded-Proto', 'X-Forwarded-Host', 'X-Forwarded-For', 'Accept']) {
          const octets = formRequest('/token', new URLSearchParams(passwordGrant).toString(), [
            `${name}: ${value}`,
          ])
          const { status } = await exchange(proxied.service.url, octets)
          expect([200, 400], name).to.include(status)
        }
      }
    })
    expect(spent / 20, 'ms of processor time for each').to.be.below(200)
    expect((await readJwks(proxied.issuer)).keys).not.to.deep.equal([])
  })
})
