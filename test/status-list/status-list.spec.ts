import { createSecretKey, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { request } from 'node:http'
import { join } from 'node:path'
import { inflateSync } from 'node:zlib'
import { expect } from 'chai'
import { openState } from '../../src/state/index.ts'
import type { State } from '../../src/state/state.ts'
import { compressStatuses } from '../../src/tokens/status/document.ts'
import { listSize, permutation } from '../../src/tokens/status/permutation.ts'
import { readMetadata } from '../parts/documents.ts'
import { fixtureApis, type Latchkey, secret, startLatchkey } from '../parts/latchkey.ts'
import { decodeJws } from '../parts/server-key.ts'
import { readStatusList, statusIn, statusOf } from '../parts/status-list.ts'
import { until } from '../parts/until.ts'

const apis = fixtureApis.map((api) => ({ ...api, statusList: api.format !== 'opaque' }))
const basic = `app:${secret}`

describe('draft-ietf-oauth-status-list-21: the status of access tokens', () => {
  let latchkey: Latchkey
  /** A second server on the same state, keys and issuer. */
  let other: Latchkey
  let state: State

  before(async () => {
    latchkey = await startLatchkey({ apis })
    const url = `sqlite:${join(latchkey.folder, 'state.sqlite')}`
    other = await startLatchkey({
      apis,
      issuer: latchkey.issuer,
      keys: join(latchkey.folder, 'keys'),
      state: url,
    })
    state = await openState({ url })
  })

  after(async () => {
    await state.close()
    await other.stop()
    await latchkey.stop()
  })

  const login = async () => (await latchkey.login()).access_token
  const refresh = async (refresh_token: string) => {
    const form = { grant_type: 'refresh_token', refresh_token, client_id: 'web' }
    return (await latchkey.post('/token', form)).json
  }
  const machine = async () => {
    const form = { grant_type: 'client_credentials', scope: 'read' }
    return (await latchkey.post('/token', form, { basic })).json.access_token
  }
  const everywhere = async (token: string) => [
    await statusOf(token),
    await statusOf(token, other.service.url),
  ]
  const [valid, invalid] = [
    [0, 0],
    [1, 1],
  ]

  it('section 6.2: a token names its list and its place there [TSL-01]', async () => {
    for (const token of [await login(), await machine()]) {
      const { idx, uri } = statusIn(token)
      expect(idx)
        .to.satisfy(Number.isInteger)
        .and.be.within(0, listSize - 1)
      expect(uri).to.match(/^http:\/\/127\.0\.0\.1:\d+\/status-lists\/[\w-]{16}\/\d+$/)
      expect(uri.startsWith(`${latchkey.issuer}/`)).to.equal(true)
    }
  })

  it('an API that does not ask for it has no status in its tokens', async () => {
    const form = { resource: 'https://opaque.example', scope: 'peek' }
    expect(decodeJws((await latchkey.login()).access_token).claims).to.have.property('status')
    const { access_token } = await latchkey.login(form)
    const inspected = await latchkey.post(
      '/introspect',
      { token: access_token },
      { basic: `resource-server:${secret}` },
    )
    expect(inspected.json).to.include({ active: true }).and.not.have.property('status')
  })

  it('section 4: the vector of the draft is compressed as it is there [TSL-02]', async () => {
    const lst = 'eNrbuRgAAhcBXQ'
    const bytes = Buffer.from('b9a3', 'hex')
    expect(inflateSync(Buffer.from(lst, 'base64url'))).to.deep.equal(bytes)
    expect(await compressStatuses(bytes)).to.equal(lst)
  })

  it('section 4: a list has one bit for each token, and a whole number of bytes [TSL-02 TSL-07]', async () => {
    const { claims, bytes } = await readStatusList(statusIn(await login()).uri)
    expect(claims.status_list.bits).to.equal(1)
    expect(claims.status_list.lst).to.match(/^[\w-]+$/)
    expect(bytes.length * 8).to.equal(listSize)
  })

  it('section 5.1: the list is a JWT about its own URI, for a moment [TSL-03]', async () => {
    const { uri } = statusIn(await login())
    const { claims, jwt } = await readStatusList(uri)
    expect(decodeJws(jwt).header).to.include({ typ: 'statuslist+jwt', alg: 'ES256' })
    const now = Math.floor(Date.now() / 1000)
    expect(claims).to.include({ sub: uri, iss: latchkey.issuer })
    expect(claims.iat).to.be.within(now - 10, now)
    expect(claims.exp).to.be.above(now + claims.ttl)
    expect(claims.ttl).to.be.above(0)
  })

  it('section 8: is asked for with GET, by every page, and comes compressed [TSL-04 TSL-06]', async () => {
    const { uri } = statusIn(await login())
    const plain = await fetch(uri, { headers: { 'accept-encoding': 'identity' } })
    expect(plain.status).to.equal(200)
    expect(plain.headers.get('content-type')).to.equal('application/statuslist+jwt')
    expect(plain.headers.get('access-control-allow-origin')).to.equal('*')
    expect(plain.headers.get('cache-control')).to.match(/^public, max-age=[1-9]$/)
    expect(plain.headers.get('content-encoding')).to.equal(null)
    const compressed = await fetch(uri, { headers: { 'accept-encoding': 'gzip' } })
    expect(compressed.headers.get('content-encoding')).to.equal('gzip')
    expect(compressed.headers.get('vary')).to.contain('Accept-Encoding')
    expect(await compressed.text()).to.equal(await plain.text())
    const etag = compressed.headers.get('etag') ?? ''
    expect(etag).not.to.equal(plain.headers.get('etag'))
    // Not by fetch, which would ask caches not to answer from what they know.
    const conditional = request(uri, {
      headers: { 'accept-encoding': 'gzip', 'if-none-match': etag },
    }).end()
    const [same] = await once(conditional, 'response')
    expect(same.resume().statusCode).to.equal(304)
    const accept = (value: string) => fetch(uri, { headers: { accept: value } })
    expect((await accept('application/statuslist+jwt')).status).to.equal(200)
    expect((await accept('application/statuslist+cwt')).status).to.equal(406)
    const preflight = await fetch(uri, { method: 'OPTIONS' })
    expect(preflight.status).to.equal(204)
  })

  it('section 8.4: has no list of the past, and none that it does not hold [TSL-08]', async () => {
    const { uri } = statusIn(await login())
    expect((await fetch(`${uri}?time=1686925000`)).status).to.equal(501)
    const folder = uri.slice(0, uri.lastIndexOf('/'))
    const unknown = [`${folder}/0`, `${folder}/x`, `${uri}0`, `${uri}/0`, `${folder}x/1`]
    for (const each of unknown) expect((await fetch(each)).status, each).to.equal(404)
  })

  it('section 9: all lists are named where the metadata says [TSL-09]', async () => {
    const { uri } = statusIn(await machine())
    const { uri: web } = statusIn(await login())
    const metadata = await readMetadata(latchkey.issuer)
    const response = await fetch(String(metadata.status_list_aggregation_endpoint))
    expect(response.headers.get('content-type')).to.match(/^application\/json/)
    expect(await response.json()).to.deep.equal({ status_lists: [web, uri] })
  })

  it('section 13: places are at random, and each is given once [TSL-07]', async () => {
    const secret = createSecretKey(randomBytes(32))
    const place = permutation('client/1', secret)
    const seen = new Uint8Array(listSize)
    for (let i = 0; i < listSize; i++) seen[place(i)] = 1
    expect(seen.every((one) => one === 1)).to.equal(true)
    const orders = [place, permutation('client/2', secret)].map((each) =>
      Array.from({ length: 100 }, (_, i) => each(i)),
    )
    expect(orders[0]).not.to.deep.equal(orders[1])
    const near = orders.flat().filter((idx, i, all) => Math.abs(idx - (all[i - 1] ?? 0)) < 1000)
    expect(near.length).to.be.below(20)

    const tokens = await Promise.all(Array.from({ length: 30 }, machine))
    expect(new Set(tokens.map((token) => JSON.stringify(statusIn(token)))).size).to.equal(30)
  })

  describe('section 7.1: what is revoked is INVALID in the next list of every server [TSL-05]', () => {
    it('one token, and no other', async () => {
      const [first, second] = [await login(), await login()]
      expect(await everywhere(first)).to.deep.equal(valid)
      const revoked = await latchkey.post('/revoke', { token: first, client_id: 'web' })
      expect(revoked.status).to.equal(200)
      expect(await everywhere(first)).to.deep.equal(invalid)
      expect(await everywhere(second)).to.deep.equal(valid)
      const own = await machine()
      await other.post('/revoke', { token: own }, { basic })
      expect(await everywhere(own)).to.deep.equal(invalid)
    })

    it('all tokens of a login', async () => {
      const first = await latchkey.login()
      const second = await refresh(first.refresh_token)
      const another = await login()
      await latchkey.post('/revoke', { token: second.refresh_token, client_id: 'web' })
      for (const { access_token } of [first, second]) {
        expect(await everywhere(access_token)).to.deep.equal(invalid)
      }
      expect(await everywhere(another)).to.deep.equal(valid)
    })

    it('all tokens of a login whose refresh token came back', async () => {
      const first = await latchkey.login()
      const second = await refresh(first.refresh_token)
      const third = await refresh(second.refresh_token)
      expect((await refresh(first.refresh_token)).error).to.equal('invalid_grant')
      for (const { access_token } of [first, second, third]) {
        expect(await everywhere(access_token)).to.deep.equal(invalid)
      }
    })

    it('a token that is issued while its login ends', async () => {
      const logins = await Promise.all(Array.from({ length: 20 }, () => latchkey.login()))
      const tokens = await Promise.all(
        logins.map(async ({ refresh_token: token, access_token }, i) => {
          const server = i % 2 ? latchkey : other
          const [refreshed] = await Promise.all([
            refresh(token),
            server.post('/revoke', { token, client_id: 'web' }),
            ...(i % 3 ? [statusOf(access_token)] : []),
          ])
          return [access_token, refreshed.access_token].filter((each) => each !== undefined)
        }),
      )
      for (const token of tokens.flat()) expect(await everywhere(token)).to.deep.equal(invalid)
    })

    it('all tokens of a user', async () => {
      const token = await login()
      const own = await machine()
      const { sub } = decodeJws(token).claims
      await state.cutOff({ kind: 'user', sub: String(sub) })
      expect(await everywhere(token)).to.deep.equal(invalid)
      expect(await everywhere(own)).to.deep.equal(valid)
      expect(await everywhere(await login())).to.deep.equal(valid)
    })

    const nextSecond = (now: number) => until(Date.now, (time) => time >= (now + 1) * 1000)

    it('all tokens of a client, and none that it gets later', async () => {
      const [own, more] = [await machine(), await machine()]
      const foreign = await login()
      await state.cutOff({ kind: 'client', clientId: 'app' })
      await nextSecond(Math.floor(Date.now() / 1000))
      for (const token of [own, more]) expect(await everywhere(token)).to.deep.equal(invalid)
      expect(await everywhere(foreign)).to.deep.equal(valid)
      expect(await everywhere(await machine())).to.deep.equal(valid)
    })

    it('everything, and nothing that is issued later', async () => {
      const tokens = [await login(), await machine()]
      await state.cutOff({ kind: 'everything' })
      await nextSecond(Math.floor(Date.now() / 1000))
      for (const token of tokens) expect(await everywhere(token)).to.deep.equal(invalid)
      for (const token of [await login(), await machine()]) {
        expect(await everywhere(token)).to.deep.equal(valid)
      }
    })
  })
})
