import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'chai'
import { clientCommand } from '../../src/commands/client.ts'
import { revokeCommand } from '../../src/commands/revoke.ts'
import { sessionsCommand } from '../../src/commands/sessions.ts'
import { userCommand } from '../../src/commands/user.ts'
import { claimIn, digestOf, readFeed } from '../parts/feed.ts'
import { type Latchkey, secret, startLatchkey } from '../parts/latchkey.ts'
import { freePort } from '../parts/port.ts'
import { until } from '../parts/until.ts'
import { refusal } from '../users/refusal.ts'
import { latchkey } from './command.ts'

const commands = {
  sessions: sessionsCommand,
  revoke: revokeCommand,
  user: userCommand,
  client: clientCommand,
}

describe('latchkey sessions and latchkey revoke, beside a running server', () => {
  let server: Latchkey
  let config: string

  const configuration = (state: string) => `
issuer: ${server.issuer}
state: ${state}
users: [{ type: embedded, path: users.sqlite }]
apis: [{ audience: 'https://api.example' }]
clients:
  - { id: gone, public: true, grants: [password] }
passwords: { hash: { memory: 8192, iterations: 1 } }
`

  before(async () => {
    server = await startLatchkey()
    config = join(server.folder, 'latchkey.yaml')
    await writeFile(config, configuration('sqlite:state.sqlite'))
  })
  after(() => server.stop())

  /** In this process, for speed: what it prints. */
  const run = async (name: keyof typeof commands, ...words: string[]) => {
    const lines: string[] = []
    const command = commands[name]((line: string) => lines.push(line))
    await command.parseAsync([...words, '--config', config], { from: 'user' })
    return lines
  }
  const active = async (token: string) =>
    (await server.post('/introspect', { token }, { basic: `resource-server:${secret}` })).json
      .active
  const told = async (position: string) =>
    until(
      () => readFeed(server.issuer, `?after=${position}`),
      ({ entries }) => entries.length > 0,
    ).then(({ entries }) => entries.map(([kind, digest]) => [kind, digest]))

  it('shows the logins of a user, by name or sub', async () => {
    const { access_token } = await server.login()
    const [sub, sid] = [claimIn(access_token, 'sub'), claimIn(access_token, 'sid')]
    for (const words of [
      ['--user', 'johndoe'],
      ['--sub', sub],
    ]) {
      const lines = await run('sessions', 'list', ...words)
      expect(lines.join('\n')).to.include(sid).and.include('127.0.0.1')
    }
    const [json = ''] = await run('sessions', 'list', '--user', 'johndoe', '--json')
    expect(JSON.parse(json)[0]).to.include({ id: sid, client_id: 'web' })
    expect(String(await refusal(run('sessions', 'list')))).to.include('--user or --sub')
    expect(String(await refusal(run('sessions', 'list', '--user', 'nobody')))).to.include('no user')
  })

  it('takes ids that begin with a hyphen, wherever they stand', async () => {
    const id = '-0YGau9wRq97TSl_dP3_dA'
    for (const words of [
      [id, '--user', 'johndoe'],
      ['--user', 'johndoe', id],
      [id, '--sub', id],
    ])
      expect(String(await refusal(run('sessions', 'revoke', ...words)))).to.include(
        `the user has no login ${id}`,
      )
    const { position } = await readFeed(server.issuer)
    await run('revoke', 'token', id)
    expect(await told(position)).to.deep.equal([['token', id]])
  })

  it('ends one login, or all of a user', async () => {
    const [one, two] = [await server.login(), await server.login()]
    await run('sessions', 'revoke', claimIn(one.access_token, 'sid'), '--user', 'johndoe')
    expect([await active(one.access_token), await active(two.access_token)]).to.deep.equal([
      false,
      true,
    ])
    const strange = run('sessions', 'revoke', 'nothing', '--user', 'johndoe')
    expect(String(await refusal(strange))).to.include('no login nothing')
    await run('sessions', 'revoke', '--user', 'johndoe')
    expect(await active(two.access_token)).to.equal(false)
  })

  it('revokes by jti, login, user, client and altogether; the feed of the server has it', async () => {
    const names = { token: 'jti', family: 'sid', user: 'sub', client: 'client_id' }
    for (const [kind, claim] of Object.entries(names)) {
      const { access_token } = await server.login()
      const { position } = await readFeed(server.issuer)
      const name = claimIn(access_token, claim)
      await run('revoke', kind, name)
      expect(await active(access_token), kind).to.equal(false)
      const listed = kind === 'user' || kind === 'client' ? digestOf(name) : name
      expect(await told(position)).to.deep.equal([[kind, listed]])
    }
    const { access_token } = await server.login()
    await run('revoke', 'everything', '--before', '2026-01-01T00:00:00Z')
    expect(await active(access_token)).to.equal(true)
    const typed = await latchkey(['revoke', 'everything', '--config', config])
    expect(typed).to.include({ code: 0, stderr: '' })
    expect(await active(access_token)).to.equal(false)
    const future = run('revoke', 'user', 'a', '--before', '2999-01-01T00:00:00Z')
    expect(String(await refusal(future))).to.include('in the future')
  })

  for (const [title, words] of Object.entries({
    'disables a user': ['disable', 'johndoe'],
    'removes a user': ['remove', 'johndoe'],
  })) {
    it(`ends every login when it ${title}, also of a user who is let in again`, async () => {
      const { access_token } = await server.login()
      const { position } = await readFeed(server.issuer)
      await run('user', ...words)
      if (words[0] === 'disable') await run('user', 'enable', 'johndoe')
      else await server.accounts.add({ username: 'johndoe' })
      expect(await active(access_token)).to.equal(false)
      expect(await told(position)).to.deep.equal([['user', digestOf(claimIn(access_token, 'sub'))]])
    })
  }

  it('ends every login when it sets a password', async () => {
    const typed = (password: string) =>
      latchkey(['user', 'set-password', 'johndoe', '--config', config], { input: password })
    expect(await typed('secret')).to.include({ code: 0 })
    const { access_token } = await server.login()
    const { position } = await readFeed(server.issuer)
    expect(await typed('another')).to.include({ code: 0 })
    expect(await active(access_token)).to.equal(false)
    expect(await told(position)).to.deep.equal([['user', digestOf(claimIn(access_token, 'sub'))]])
  })

  it('ends what a client has when it is removed', async () => {
    const { position } = await readFeed(server.issuer)
    const removed = await latchkey(['client', 'remove', 'gone', '--config', config])
    expect(removed).to.include({ code: 0 })
    expect(await told(position)).to.deep.equal([['client', digestOf('gone')]])
  })

  it('says what was done and what was not when the store is away', async () => {
    config = join(server.folder, 'away.yaml')
    await writeFile(config, configuration(`redis://127.0.0.1:${await freePort()}`))
    const reason = String(await refusal(run('user', 'disable', 'johndoe')))
    expect(reason).to.match(
      /it is done, but .* could not be ended .* run `latchkey revoke user \S+`/,
    )
    expect((await server.accounts.show('johndoe')).disabled).to.equal(true)
    expect(await refusal(run('revoke', 'everything'))).to.have.property('name', 'StateUnavailable')
  })
})
