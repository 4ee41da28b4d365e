import { join } from 'node:path'
import { expect } from 'chai'
import {
  type Answer,
  cheaply,
  type Latchkey,
  passwordGrant,
  secret,
  startLatchkey,
} from '../parts/latchkey.ts'
import { atOnce, outcomeOf } from './scene.ts'

const limit = 10
const slow = { free: limit, delay: '1h', longest: '1h', forget: '2h' }
const ample = { limit: 1000 }
const settings = {
  throttle: { account: slow, known: slow, address: ample, network: ample },
  proxy: { trusted: ['127.0.0.0/8'] },
  passwords: { hash: { memory: 8192, iterations: 1 }, queue: 400, wait: 10_000 },
}

describe('advisories: guesses at passwords', () => {
  let server: Latchkey
  let other: Latchkey
  before(async () => {
    server = await startLatchkey(settings)
    const shared = {
      state: `sqlite:${join(server.folder, 'state.sqlite')}`,
      keys: join(server.folder, 'keys'),
      users: [{ type: 'embedded', path: join(server.folder, 'users.sqlite') }],
    }
    other = await startLatchkey({ ...settings, ...shared })
    const hash = await cheaply('secret')
    for (const username of ['ann', 'ben', 'cat', 'dan', 'eva', 'fay', 'gus', 'josé']) {
      await server.accounts.add({ username, email: `${username}@example.com`, hash })
    }
  })
  after(async () => {
    await other.stop()
    await server.stop()
  })

  const login = (
    username: string,
    password: string,
    address: string,
    form: Record<string, string> = {},
    at = server,
  ) =>
    at.post(
      '/token',
      { ...passwordGrant, username, password, ...form },
      { headers: { 'X-Forwarded-For': address } },
    )
  /** Guesses that were held against the password; the others were turned away. */
  const judged = (answers: readonly Answer[]) =>
    answers.filter((answer) => outcomeOf(answer) === '400 invalid_grant').length
  const turnedAway = (answers: readonly Answer[]) =>
    answers.filter(({ status }) => status === 429).length

  it('CVE-2024-4629 Keycloak: guesses at once were counted late', async () => {
    expect((await login('ann', 'secret', '198.51.100.1')).status).to.equal(200)
    const answers = await atOnce(200, (index) => login('ann', `guess-${index}`, '192.0.2.1'))
    expect(judged(answers)).to.be.within(1, limit)
    expect(judged(answers) + turnedAway(answers)).to.equal(200)
    const right = await atOnce(20, () => login('ann', 'secret', '198.51.100.1'))
    expect(right.map(outcomeOf), 'the user at home').to.deep.equal(Array(20).fill('200'))
  })

  it('GHSA-7h8m-vrxx-vr4m Zitadel: guesses at several servers were counted apart', async () => {
    const answers = await atOnce(100, (index) =>
      login('ben', `guess-${index}`, '192.0.2.2', {}, index % 2 === 0 ? server : other),
    )
    expect(judged(answers)).to.be.within(1, limit)
    expect(judged(answers) + turnedAway(answers)).to.equal(100)
  })

  it('keycloak#48272: right logins at once were turned away', async () => {
    const answers = await atOnce(20, () => login('cat', 'secret', '192.0.2.3'))
    expect(answers.map(outcomeOf)).to.deep.equal(Array(20).fill('200'))
  })

  it('CVE-2025-24806 Authelia: guesses by name and by e-mail address were counted apart', async () => {
    const names = ['dan', 'dan@example.com']
    const answers = await atOnce(40, (index) =>
      login(names[index % 2] ?? '', `guess-${index}`, '192.0.2.4'),
    )
    expect(judged(answers)).to.be.within(1, limit)
  })

  it('CVE-2026-47203 Authelia: spellings of one name were counted apart', async () => {
    const spellings = [
      ...['josé', 'jose\u0301', 'JOSÉ', 'José', 'jOse\u0301', 'JOSÉ@EXAMPLE.COM'],
      ...[' josé', 'josé ', 'josé\u00a0', 'josé\u0000', 'ｊｏｓé', 'josé\u200b', '\ufeffjosé'],
    ]
    const same: string[] = []
    for (const spelling of spellings) {
      if ((await login(spelling, 'secret', '198.51.100.9')).status === 200) same.push(spelling)
    }
    expect(same).to.include.members(['josé', 'jose\u0301'])
    const answers = await atOnce(40, (index) =>
      login(same[index % same.length] ?? '', `guess-${index}`, '192.0.2.5'),
    )
    expect(judged(answers), same.join()).to.be.within(1, limit)
  })

  it('CVE-2025-6004 Vault: guesses through another door were counted apart', async () => {
    const doors = [
      {},
      { client_id: 'other-web' },
      { client_id: 'app', client_secret: secret },
      { scope: 'read' },
      { resource: 'https://opaque.example', scope: 'peek' },
    ]
    const answers = await atOnce(50, (index) =>
      login('eva', `guess-${index}`, '192.0.2.6', doors[index % doors.length]),
    )
    expect(judged(answers)).to.be.within(1, limit)
  })

  it('CVE-2026-16103 Keycloak: a locked account was not looked at where tokens were handed out', async () => {
    await atOnce(2 * limit, (index) => login('fay', `guess-${index}`, '192.0.2.7'))
    for (const form of [
      {},
      { client_id: 'other-web' },
      { client_id: 'app', client_secret: secret },
    ]) {
      const answer = await login('fay', 'secret', '192.0.2.7', form)
      expect(answer.status, JSON.stringify(form)).to.equal(429)
      expect(answer.json).not.to.have.property('access_token')
    }
  })

  it('CVE-2024-1722 Keycloak: guessing locked the user out', async () => {
    const home = '198.51.100.10'
    expect((await login('gus', 'secret', home)).status).to.equal(200)
    await atOnce(60, (index) => login('gus', 'wrong', `203.0.113.${index % 6}`))
    expect((await login('gus', 'wrong', '203.0.113.0')).status).to.equal(429)
    const right = await atOnce(5, () => login('gus', 'secret', home))
    expect(right.map(outcomeOf)).to.deep.equal(Array(5).fill('200'))
  })
})
