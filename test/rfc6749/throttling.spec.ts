import { join } from 'node:path'
import { expect } from 'chai'
import { hashChosenSecret, hashSecret } from '../../src/clients/secrets.ts'
import { dpopProof } from '../parts/dpop-proof.ts'
import { makeKey } from '../parts/issuer.ts'
import {
  type Answer,
  cheaply,
  fixtureClients,
  type Latchkey,
  passwordGrant,
  secret,
  startLatchkey,
} from '../parts/latchkey.ts'
import { startRedis } from '../parts/redis.ts'

const grant = 'grant_type=client_credentials'
const proxy = { trusted: ['127.0.0.0/8'] }
const from = (address: string) => ({ headers: { 'X-Forwarded-For': address } })
const statuses = (answers: readonly Answer[]) => answers.map(({ status }) => status)
const count = (answers: readonly Answer[], wanted: number) =>
  answers.filter(({ status }) => status === wanted).length
const times = async (number: number, request: (index: number) => Promise<Answer>) => {
  const answers: Answer[] = []
  for (let index = 0; index < number; index++) answers.push(await request(index))
  return answers
}
const atOnce = (number: number, request: (index: number) => Promise<Answer>) =>
  Promise.all(Array.from({ length: number }, (_, index) => request(index)))

/** So long that after the free ones no other guess is looked at while the specs run. */
const slow = (free: number) => ({ free, delay: '1h', longest: '1h', forget: '2h' })
const many = { limit: 1000 }
const throttle = {
  account: slow(5),
  known: slow(8),
  address: { limit: 12 },
  network: { limit: 24 },
  client: many,
  exempt: ['10.1.0.0/16', 'fd00:1::/32'],
}
const home = '198.51.100.1'

async function startWithUsers(options: Record<string, unknown>): Promise<Latchkey> {
  const server = await startLatchkey({ proxy, throttle, ...options })
  for (const username of ['ann', 'ben', 'cat', 'dan', 'eve', 'fay', 'gus', 'hal']) {
    const email = `${username}@example.com`
    await server.accounts.add({ username, email, hash: await cheaply('secret') })
  }
  return server
}

describe('RFC 6749 section 10.10: guesses at passwords', () => {
  let server: Latchkey
  before(async () => {
    server = await startWithUsers({})
  })
  after(() => server.stop())

  const login = (username: string, password: string, address: string, form = {}) =>
    server.post('/token', { ...passwordGrant, username, password, ...form }, from(address))
  const right = async (username: string, address: string) =>
    (await login(username, 'secret', address)).status

  it('are limited for one account, right ones with them [ROP-06 ROP-07]', async () => {
    expect(await right('johndoe', home)).to.equal(200)
    const guesses = await times(60, () => login('johndoe', 'wrong', '192.0.2.1'))
    expect(statuses(guesses)).to.deep.equal([...Array(5).fill(400), ...Array(55).fill(429)])
    const [answer] = guesses.slice(-1)
    expect(answer?.json.error).to.equal('temporarily_unavailable')
    expect(Number(answer?.headers.get('retry-after'))).to.be.within(3500, 3600)
    expect(await right('johndoe', '192.0.2.1')).to.equal(429)
    expect(await right('johndoe', '192.0.3.1'), 'from elsewhere').to.equal(429)
  })

  it('lock nobody else out, and nobody at home [ROP-07]', async () => {
    expect(await right('ann', '192.0.2.1')).to.equal(200)
    expect(await right('johndoe', home)).to.equal(200)
    expect(await right('johndoe', '198.51.100.77'), 'the same /24').to.equal(200)
    const elsewhere = await login('johndoe', 'secret', home, { client_id: 'other-web' })
    expect(elsewhere.status, 'another client').to.equal(429)
  })

  it('are limited for unknown names as for known ones, however they are spelt [ROP-06 ROP-08]', async () => {
    for (const name of ['nobody', 'ben']) {
      const wide = name.replace(/./g, (letter) =>
        String.fromCharCode(letter.charCodeAt(0) + 0xfee0),
      )
      const spellings = [name, name.toUpperCase(), ` ${name} `, `${name}\u200b`, wide]
      const guesses = await times(5, (index) => login(spellings[index] ?? '', 'x', '192.0.4.3'))
      expect(statuses(guesses), name).to.deep.equal([400, 400, 400, 400, 400])
      for (const other of spellings) {
        expect((await login(other, 'x', '192.0.4.3')).status, `${name} as ${other}`).to.equal(429)
      }
    }
  })

  it('are limited for one account, by whichever of its names [ROP-06]', async () => {
    const names = ['cat', 'cat@example.com']
    const guesses = await times(6, (index) => login(names[index % 2] ?? '', 'x', '192.0.5.1'))
    expect(statuses(guesses)).to.deep.equal([400, 400, 400, 400, 400, 429])
    for (const name of names) expect(await right(name, '192.0.5.2')).to.equal(429)
  })

  it('are limited from one address over all accounts, but not for those at home there [ROP-07]', async () => {
    expect(await right('hal', '192.0.6.4')).to.equal(200)
    const guesses = await times(14, (index) => login(`name-${index}`, 'x', '192.0.6.4'))
    expect(statuses(guesses).slice(-3)).to.deep.equal([400, 429, 429])
    expect((await login('name-30', 'x', '192.0.6.5')).status).to.equal(400)
    expect(await right('gus', '192.0.6.4')).to.equal(429)
    expect(await right('hal', '192.0.6.4')).to.equal(200)
  })

  it('are limited from one network over all its addresses [ROP-07]', async () => {
    const guesses = await times(26, (index) => login(`n-${index}`, 'x', `192.0.7.${index >> 1}`))
    expect(statuses(guesses).slice(-3)).to.deep.equal([400, 429, 429])
    const audit = server.log.findLast((line) => line.reason === 'throttled')
    expect(audit).to.include({ event: 'token.refused', budget: 'network' })
  })

  it('count a /64 of IPv6 as one address and a /48 as one network [ROP-07]', async () => {
    const one = await times(14, (index) => login(`s-${index}`, 'x', `2001:db8:0:1::${index}`))
    expect(statuses(one).slice(-3)).to.deep.equal([400, 429, 429])
    const rest = await times(14, (index) => login(`t-${index}`, 'x', `2001:db8:0:${index}0::1`))
    expect(statuses(rest).slice(-3)).to.deep.equal([400, 429, 429])
    expect((await login('u', 'x', '2001:db8:1::1')).status).to.equal(400)
  })

  it('from home slow down what comes from there alone [ROP-07]', async () => {
    for (const address of [home, '203.0.114.1']) expect(await right('fay', address)).to.equal(200)
    const guesses = await times(10, () => login('fay', 'x', home))
    expect(statuses(guesses)).to.deep.equal([...Array(8).fill(400), 429, 429])
    expect(server.log.findLast((line) => line.reason === 'throttled')).to.include({
      budget: 'known',
    })
    expect(await right('fay', '203.0.114.1')).to.equal(200)
    expect(await right('fay', '203.0.115.1')).to.equal(200)
  })

  it('all at once are judged no more often than one by one, and then right ones are all let in (CVE-2024-4629, keycloak#48272) [ROP-06]', async () => {
    expect(await right('dan', home)).to.equal(200)
    const guesses = await atOnce(60, (index) => login('dan', `wrong-${index}`, '192.0.8.6'))
    expect([count(guesses, 400), count(guesses, 429)]).to.deep.equal([5, 55])
    const logins = await atOnce(20, () => login('dan', 'secret', home))
    expect(count(logins, 200)).to.equal(20)
  })

  it('do not count when they are right, however many at once, and from wherever [ROP-07]', async () => {
    const logins = await atOnce(20, () => login('eve', 'secret', '192.0.9.7'))
    expect(count(logins, 200)).to.equal(20)
    const wrong = await times(8, () => login('eve', 'x', '192.0.9.7'))
    expect(count(wrong, 400)).to.equal(8)
  })

  it('are the fault of nobody whom a stranger names in X-Forwarded-For', async () => {
    const guesses = await times(6, () => login('gus', 'x', `${home}, 192.0.10.8`))
    expect(statuses(guesses).at(-1)).to.equal(429)
    expect((await login('other', 'x', home)).status).to.equal(400)
  })

  it('from networks that the operator names are not counted', async () => {
    for (const address of ['10.1.2.3', 'fd00:1:5::9']) {
      const guesses = await times(15, () => login('ann', 'x', address))
      expect(count(guesses, 400)).to.equal(15)
    }
    expect(await right('ann', '10.1.2.3')).to.equal(200)
  })

  it('are counted in the metrics by what they met', async () => {
    const text = await server.service.metrics.read()
    for (const budget of ['account', 'known', 'address', 'network']) {
      expect(text).to.match(new RegExp(`latchkey_throttled_total\\{budget="${budget}"\\} [1-9]`))
    }
  })

  it('do not shut out a device that proves its key, wherever it is (RFC 9449) [ROP-07]', async () => {
    const key = makeKey()
    const prove = (by: typeof key, address: string, client: object = {}) => {
      const DPoP = dpopProof(by, 'POST', `${server.issuer}/token`)
      const form = { ...passwordGrant, username: 'hal', ...client }
      return server.post('/token', form, { headers: { DPoP, 'X-Forwarded-For': address } })
    }
    const backEnd = { client_id: 'app', client_secret: secret }
    expect((await prove(key, '192.0.11.1')).status).to.equal(200)
    expect((await prove(key, '192.0.11.1', backEnd)).status).to.equal(200)
    await times(6, () => login('hal', 'x', '192.0.12.1'))
    expect(await right('hal', '192.0.13.1')).to.equal(429)
    expect((await prove(makeKey(), '192.0.13.1')).status).to.equal(429)
    expect((await prove(key, '192.0.13.1')).status).to.equal(200)
    const stranger = await prove(key, '192.0.14.1', backEnd)
    expect(stranger.status, 'the key is of a device, not of a back end').to.equal(429)
  })
})

describe('RFC 6749 section 10.10: guesses at passwords, in Redis', () => {
  it('cost one question to the store, and no more than one after it', async () => {
    const redis = await startRedis()
    const server = await startWithUsers({
      state: redis.url,
      throttle: { ...throttle, client: { limit: 4 } },
    })
    const scripts = async () =>
      Number(/evalsha:calls=(\d+)/.exec(await redis.command('INFO', 'commandstats'))?.[1])
    const login = (username: string, password: string, address = '192.0.2.1') =>
      server.post('/token', { ...passwordGrant, username, password }, from(address))
    try {
      expect(count([await login('ann', 'secret'), await login('ann', 'x')], 200)).to.equal(1)
      const start = await scripts()
      for (const name of ['ann', 'ben', 'nobody']) {
        expect((await login(name, 'wrong')).status).to.equal(400)
      }
      expect((await scripts()) - start).to.equal(3)
      await times(2, (index) => login(`name-${index}`, 'x', `192.0.${index}.2`))
      expect((await login('dan', 'x', '192.1.0.2')).status, 'through one client').to.equal(429)
      expect((await login('ann', 'secret')).status).to.equal(200)
    } finally {
      await server.stop()
      await redis.stop()
    }
  })
})

describe('RFC 6749 section 2.3.1: guesses at client secrets', () => {
  const grants = ['client_credentials']
  const quick = ['one', 'two', 'three', 'four', 'five', 'six'].map((id) => ({
    id,
    secrets: [hashSecret(secret)],
    grants,
  }))
  let server: Latchkey
  let other: Latchkey
  before(async () => {
    const clients = [...quick, { id: 'slow', secrets: [await hashChosenSecret(secret)], grants }]
    const options = { proxy, throttle: { secret: { limit: 4 }, exempt: ['10.1.0.0/16'] }, clients }
    server = await startLatchkey(options)
    const { folder } = server
    const state = `sqlite:${join(folder, 'state.sqlite')}`
    other = await startLatchkey({ ...options, state, keys: join(folder, 'keys') })
  })
  after(async () => {
    await other.stop()
    await server.stop()
  })

  const ask = (id: string, value: string, address: string, at = server) =>
    at.post('/token', grant, { basic: `${id}:${value}`, ...from(address) })

  it('are limited for one client from one address, right ones with them [CLI-18]', async () => {
    const guesses = await times(60, () => ask('one', 'wrong', '192.0.2.1'))
    expect(statuses(guesses)).to.deep.equal([...Array(4).fill(401), ...Array(56).fill(429)])
    const answer = await ask('one', secret, '192.0.2.1')
    expect(answer.status).to.equal(429)
    expect(answer.json.error).to.equal('temporarily_unavailable')
    expect(answer.headers.get('retry-after')).to.match(/^[1-9]\d*$/)
    expect(server.log.findLast((line) => line.log === 'audit')).to.include({ budget: 'secret' })
  })

  it('lock neither other clients nor other addresses out [CLI-18]', async () => {
    expect((await ask('two', secret, '192.0.2.1')).status).to.equal(200)
    expect((await ask('one', secret, '192.0.2.2')).status).to.equal(200)
  })

  it('are limited at every endpoint that takes a secret, in the body as well [CLI-18]', async () => {
    const form = 'client_id=three&client_secret=wrong&token=x'
    const paths = ['/token', '/revoke', '/introspect', '/revoke', '/introspect', '/token']
    const guesses = await times(6, (index) =>
      server.post(paths[index] ?? '', form, from('192.0.2.3')),
    )
    expect(statuses(guesses)).to.deep.equal([401, 401, 401, 401, 429, 429])
  })

  it('are limited for unknown clients as for known ones [CLI-18 CLI-25]', async () => {
    const guesses = await times(6, () => ask('nobody', 'x', '192.0.2.4'))
    expect(statuses(guesses)).to.deep.equal([401, 401, 401, 401, 429, 429])
  })

  it('all at once are judged no more often than one by one [CLI-18]', async () => {
    const guesses = await atOnce(40, () => ask('four', 'wrong', '192.0.2.5'))
    expect(count(guesses, 401)).to.equal(4)
  })

  it('all at once are told no more than one by one where the hash is slow, the right one among them [CLI-18]', async () => {
    const guesses = await atOnce(12, (index) =>
      ask('slow', index === 11 ? secret : `wrong-${index}`, '192.0.2.8'),
    )
    expect([count(guesses, 401), count(guesses, 429)]).to.deep.equal([4, 8])
  })

  it('are counted by all instances together [CLI-18]', async () => {
    await times(4, () => ask('five', 'wrong', '192.0.2.6'))
    expect((await ask('five', 'wrong', '192.0.2.6', other)).status).to.equal(401)
    expect((await ask('five', secret, '192.0.2.6', other)).status).to.equal(429)
  })

  it('cost right secrets nothing, however many [CLI-18]', async () => {
    const answers = await times(20, () => ask('six', secret, '192.0.2.7'))
    expect(statuses(answers)).to.deep.equal(Array(20).fill(200))
  })

  it('from networks that the operator names are not counted', async () => {
    const guesses = await times(8, () => ask('six', 'wrong', '10.1.0.1'))
    expect(count(guesses, 401)).to.equal(8)
  })
})

describe('RFC 6749 section 2.3: a guess that a library makes twice (x/oauth2 AutoDetect)', () => {
  let server: Latchkey
  before(async () => {
    server = await startLatchkey({
      clients: fixtureClients,
      throttle: { account: slow(3), secret: { limit: 3 } },
    })
  })
  after(() => server.stop())

  /** What was refused with the credentials in the header comes once more, with them in the body. */
  const twice = async (fields: Record<string, string>, id: string, value: string) => {
    const first = await server.post('/token', fields, { basic: `${id}:${value}` })
    if (first.status === 200) return [first]
    const body = { ...fields, client_id: id, ...(value !== '' && { client_secret: value }) }
    return [first, await server.post('/token', body)]
  }

  it('is one guess at a password', async () => {
    for (const [id, value, username] of [
      ['app', secret, 'johndoe'],
      ['web', '', 'nobody'],
    ] as const) {
      const fields = { grant_type: 'password', username, scope: 'read' }
      for (const password of ['secre', 'Secret', 'secrrt']) {
        const answers = await twice({ ...fields, password }, id, value)
        expect(statuses(answers), `${username} ${password}`).to.deep.equal([400, 400])
      }
      expect(statuses(await twice({ ...fields, password: 'x' }, id, value))).to.deep.equal([
        429, 429,
      ])
    }
  })

  it('is one guess at a secret', async () => {
    for (const value of ['one', 'two', 'three']) {
      const fields = { grant_type: 'client_credentials' }
      expect(statuses(await twice(fields, 'service', value)), value).to.deep.equal([401, 401])
    }
    expect((await server.post('/token', grant, { basic: 'service:four' })).status).to.equal(429)
  })

  it('is two guesses when it is another, or comes a third time', async () => {
    const form = { grant_type: 'password', username: 'someone' }
    const web = (password: string, body: boolean) =>
      server.post(
        '/token',
        { ...form, password, ...(body && { client_id: 'web' }) },
        body ? {} : { basic: 'web:' },
      )
    expect((await web('one', false)).status).to.equal(400)
    expect((await web('two', true)).status).to.equal(400)
    expect((await web('one', true)).status, 'not counted').to.equal(400)
    expect((await web('one', true)).status).to.equal(400)
    expect((await web('one', true)).status).to.equal(429)
  })
})
