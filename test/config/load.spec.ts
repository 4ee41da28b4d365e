import { expect } from 'chai'
import { ConfigFaults, loadConfig } from '../../src/config/load.ts'
import { faults, load, valid, withLines } from './scene.ts'

describe('loadConfig', () => {
  it('fills in every default', async () => {
    const config = await load(valid)
    expect(config.listen).to.deep.equal({ host: '127.0.0.1', port: 8000 })
    expect(config.apis[0]).to.include({
      accessTokenLifetime: 300,
      format: 'jwt',
      algorithm: 'ES256',
    })
    expect(config.clients[0]?.refresh).to.deep.equal({
      idle: 1_209_600,
      absolute: 2_592_000,
      grace: 10,
    })
    expect(config.state).to.include({ prefix: 'latchkey', timeout: 1000 })
  })

  it('freezes all of it', async () => {
    const { apis, clients } = await load(valid)
    expect(() => Object.assign(apis[0] ?? {}, { audience: 'https://evil.example' })).to.throw(
      TypeError,
    )
    expect(() => (clients as unknown[]).push({})).to.throw(TypeError)
    expect(Object.isFrozen(clients[0]?.refresh)).to.equal(true)
  })

  it('makes paths absolute from the folder of the file, defaults and SQLite URLs too', async () => {
    const config = await load(
      withLines('state: sqlite:../state.sqlite', 'listen: { socket: run/a.sock }'),
    )
    const folder = config.keys.folder.slice(0, -'/keys'.length)
    expect(folder).to.match(/^\/.*latchkey-\w+$/)
    expect(config.state.url).to.equal(
      `sqlite:${folder.slice(0, folder.lastIndexOf('/'))}/state.sqlite`,
    )
    expect(config.listen).to.deep.equal({ socket: `${folder}/run/a.sock` })
    expect(config.users[0]).to.include({ path: `${folder}/data/users.sqlite` })
  })

  it('leaves the URL of a server as it is', async () => {
    const { state } = await load(withLines('state: redis://127.0.0.1:6379/3'))
    expect(state.url).to.equal('redis://127.0.0.1:6379/3')
  })

  it('reads durations with and without a unit', async () => {
    const lifetimes = ['90', '90s', '15m', '2h'].map(async (written) => {
      const { throttle } = await load(withLines(`throttle: { knownFor: ${written} }`))
      return throttle.knownFor
    })
    expect(await Promise.all(lifetimes)).to.deep.equal([90, 90, 900, 7200])
  })

  it('reports every fault at once, each at its line and column, in the order of the file', async () => {
    const found = await faults(`issuer: http://auth.example
isuer: x
listen: { host: 0.0.0.0, prt: 1 }
apis:
  - audience: https://api.example
    format: jtw
  - audience: https://api.example
clients:
  - id: a
    grants: [refresh_token]
  - id: a
    public: yes
log: { level: 3 }
defaultClient: b
`)
    expect(found.map((line) => line.slice(0, line.indexOf(': ')))).to.deep.equal([
      '1:1 issuer',
      '2:1 isuer',
      '3:11 listen.host',
      '3:26 listen.prt',
      '6:5 apis[0].format',
      '7:5 apis[1].audience',
      '9:5 clients[0].secrets',
      '10:14 clients[0].grants[0]',
      '11:5 clients[1].id',
      '12:5 clients[1].public',
      '13:8 log.level',
      '14:1 defaultClient',
    ])
  })

  it('names the option that was probably meant', async () => {
    expect(await faults(withLines('bodyLimt: 1'))).to.deep.equal([
      '10:1 bodyLimt: unknown option `bodyLimt`: did you mean `bodyLimit`?',
    ])
  })

  it('lists the options of the place when none is close', async () => {
    const [fault] = await faults(withLines('log: { colour: true }'))
    expect(fault).to.equal(
      '10:8 log.colour: unknown option `colour`: the options here are `level`, `pretty`',
    )
  })

  it('says what a missing option is for, at what it is missing from', async () => {
    const [fault] = await faults(withLines('tls: { key: latchkey.yaml }'))
    expect(fault).to.equal(
      '10:1 tls.cert: missing: write a text. Path of the certificate chain, PEM.',
    )
  })

  it('says in the words of YAML what kind of value is wanted', async () => {
    const wrong = withLines(
      'bodyLimit: big',
      'log:',
      'keys: [a]',
      'defaultClient: 1.10',
      'passwords: 3',
    )
    expect(await faults(wrong)).to.deep.equal([
      '10:1 bodyLimit: write a number, not a text',
      '11:1 log: empty: write a mapping of options, or leave the option out. The log on standard output.',
      '12:1 keys: write a text or a mapping of options, not a list',
      '13:1 defaultClient: write a text (put it in quotes)',
      '14:1 passwords: write a mapping of options, not a number',
    ])
  })

  it('says why the file itself cannot be read', () => {
    expect(() => loadConfig('/nowhere/latchkey.yaml')).to.throw(
      ConfigFaults,
      '/nowhere/latchkey.yaml:1:1: cannot read the file (ENOENT)',
    )
  })

  it('requires the files that it names to be there', async () => {
    expect(await faults(withLines('tls: { cert: latchkey.yaml, key: no.pem }'))).to.match(
      /^10:29 tls\.key: cannot read \/.*\/no\.pem \(ENOENT\)$/,
    )
  })

  it('takes an empty file for a configuration with everything missing', async () => {
    expect((await faults('')).map((fault) => fault.split(':')[1])).to.deep.equal([
      '1 issuer',
      '1 apis',
    ])
  })
})
