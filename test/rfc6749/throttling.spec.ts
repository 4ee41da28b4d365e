import { join } from 'node:path'
import { expect } from 'chai'
import { hashSecret } from '../../src/clients/secrets.ts'
import {
  type Answer,
  cheaply,
  type Latchkey,
  passwordGrant,
  secret,
  startLatchkey,
} from '../parts/latchkey.ts'

const grant = 'grant_type=client_credentials'
const proxy = { trusted: ['127.0.0.0/8'] }
const from = (address: string) => ({ headers: { 'X-Forwarded-For': address } })
const statuses = (answers: readonly Answer[]) => answers.map(({ status }) => status)
const times = async (count: number, request: (index: number) => Promise<Answer>) => {
  const answers: Answer[] = []
  for (let index = 0; index < count; index++) answers.push(await request(index))
  return answers
}

describe('RFC 6749 section 10.10: guesses at passwords', () => {
  let server: Latchkey
  before(async () => {
    const throttle = { account: 5, accountEverywhere: 12, address: 20 }
    server = await startLatchkey({ proxy, throttle })
    for (const username of ['ann', 'ben', 'cat', 'dan', 'eve']) {
      await server.accounts.add({ username, hash: await cheaply('secret') })
    }
  })
  after(() => server.stop())

  const login = (username: string, password: string, address: string) =>
    server.post('/token', { ...passwordGrant, username, password }, from(address))

  it('are limited for one account from one address, right ones with them [ROP-06 ROP-07]', async () => {
    const guesses = await times(60, () => login('johndoe', 'wrong', '192.0.2.1'))
    expect(statuses(guesses)).to.deep.equal([...Array(5).fill(400), ...Array(55).fill(429)])
    const [answer] = guesses.slice(-1)
    expect(answer?.json.error).to.equal('temporarily_unavailable')
    expect(answer?.headers.get('retry-after')).to.match(/^[1-9]\d*$/)
    expect((await login('johndoe', 'secret', '192.0.2.1')).status).to.equal(429)
  })

  it('lock nobody else out [ROP-07]', async () => {
    expect((await login('ann', 'secret', '192.0.2.1')).status).to.equal(200)
    expect((await login('johndoe', 'secret', '192.0.2.2')).status).to.equal(200)
  })

  it('are limited for unknown names as for known ones [ROP-06 ROP-08]', async () => {
    const guesses = await times(7, () => login('nobody', 'x', '192.0.2.3'))
    expect(statuses(guesses)).to.deep.equal([400, 400, 400, 400, 400, 429, 429])
  })

  it('are limited from one address over all accounts [ROP-07]', async () => {
    const guesses = await times(22, (index) => login(`name-${index}`, 'x', '192.0.2.4'))
    expect(statuses(guesses).slice(-3)).to.deep.equal([400, 429, 429])
    const other = await login('name-30', 'x', '192.0.2.5')
    expect(other.status).to.equal(400)
  })

  it('count an IPv6 network as one address [ROP-07]', async () => {
    const guesses = await times(6, (index) => login('ben', 'x', `2001:db8:0:1::${index}`))
    expect(statuses(guesses).at(-1)).to.equal(429)
    expect((await login('ben', 'secret', '2001:db8:0:2::1')).status).to.equal(200)
  })

  it('from many addresses never lock a user out where the user has logged in [ROP-07]', async () => {
    expect((await login('cat', 'secret', '198.51.100.1')).status).to.equal(200)
    const guesses = await times(14, (index) => login('cat', 'x', `203.0.113.${index}`))
    expect(statuses(guesses).slice(-2)).to.deep.equal([429, 429])
    expect((await login('cat', 'secret', '203.0.113.99')).status).to.equal(429)
    expect((await login('cat', 'secret', '198.51.100.1')).status).to.equal(200)
  })

  it('all at once are judged no more often than one by one [ROP-06]', async () => {
    const guesses = await Promise.all(
      Array.from({ length: 30 }, () => login('dan', 'wrong', '192.0.2.6')),
    )
    expect(statuses(guesses).filter((status) => status === 400)).to.have.lengthOf(5)
    expect(statuses(guesses).filter((status) => status === 429)).to.have.lengthOf(25)
  })

  it('cost right logins nothing, however many [ROP-07]', async () => {
    const logins = await times(25, () => login('eve', 'secret', '192.0.2.7'))
    expect(statuses(logins)).to.deep.equal(Array(25).fill(200))
  })

  it('are the fault of nobody whom a stranger names in X-Forwarded-For', async () => {
    const guesses = await times(6, () => login('ann', 'x', '203.0.113.200, 192.0.2.8'))
    expect(statuses(guesses).at(-1)).to.equal(429)
    expect((await login('ann', 'secret', '203.0.113.200')).status).to.equal(200)
  })
})

describe('RFC 6749 section 2.3.1: guesses at client secrets', () => {
  const clients = ['one', 'two', 'three', 'four', 'five', 'six'].map((id) => ({
    id,
    secrets: [hashSecret(secret)],
    grants: ['client_credentials'],
  }))
  let server: Latchkey
  let other: Latchkey
  before(async () => {
    const options = { proxy, throttle: { client: 4 }, clients }
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
    const guesses = await Promise.all(
      Array.from({ length: 40 }, () => ask('four', 'wrong', '192.0.2.5')),
    )
    expect(statuses(guesses).filter((status) => status === 401)).to.have.lengthOf(4)
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
})
