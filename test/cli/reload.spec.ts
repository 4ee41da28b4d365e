import { rename } from 'node:fs/promises'
import { expect } from 'chai'
import { passwordForm, serveProcess } from '../parts/serve-process.ts'

const reloaded = 'configuration reloaded'
const refused = 'reload refused: the former configuration goes on'
const reloads = (outcome: string) => `latchkey_config_reloads_total{outcome="${outcome}"}`
const loadedAt = 'latchkey_config_loaded_timestamp_seconds'
const client = '  - { id: new, public: true, grants: [password] }\n'

describe('SIGHUP', () => {
  it('takes up the file as it is now, says what changed, and counts it', async function () {
    this.timeout(60_000)
    await using at = await serveProcess()
    await at.says('listening')
    const before = await at.metric(loadedAt)
    await at.edit((text) => text.replace('clients:\n', `clients:\n${client}`))
    at.hangUp()
    expect((await at.says(reloaded)).changed).to.deep.equal(['clients'])
    expect((await at.post('/token', passwordForm('new'))).status).to.equal(200)
    expect(await at.metric(reloads('applied'))).to.equal(1)
    expect(await at.metric(loadedAt)).to.be.above(before)
  })

  it('keeps the former configuration on any fault, and lists all of them', async function () {
    this.timeout(60_000)
    await using at = await serveProcess()
    await at.says('listening')
    const { file } = at
    await at.edit((text) => text.replace('[read]', '[read, "a b"]').replace('web', 'w b'))
    at.hangUp()
    const { faults } = await at.says(refused)
    expect(faults).to.have.length(2)
    expect(String(faults)).to.contain(`${file}:6:`).and.to.contain(`${file}:8:`)
    expect((await at.post('/token', passwordForm())).status).to.equal(200)

    await rename(file, `${file}.away`)
    at.hangUp()
    expect(String((await at.says(refused, 2)).faults)).to.contain('cannot read the file (ENOENT)')
    await rename(`${file}.away`, file)

    await at.edit((text) =>
      text
        .replace('"a b"', 'write')
        .replace('w b', 'web')
        .replace(/(listen: { port: )\d+/, '$11')
        .replace(/metrics: .*\n/, ''),
    )
    at.hangUp()
    expect((await at.says(refused, 3)).faults).to.deep.equal([
      'listen.port: cannot change while the server runs; restart it',
      'metrics: cannot change while the server runs; restart it',
    ])

    await at.edit((text) => text.replace('sqlite:state.sqlite', 'sqlite:/proc/state.sqlite'))
    await at.edit((text) =>
      text.replace('port: 1 }', `port: ${at.port} }\nmetrics: { port: ${at.metricsPort} }`),
    )
    at.hangUp()
    expect(String((await at.says(refused, 4)).faults)).to.contain('/proc/state.sqlite')
    expect(await at.metric(reloads('refused'))).to.equal(4)
    expect(await at.metric(reloads('applied'))).to.equal(0)
    expect((await at.post('/token', passwordForm())).status).to.equal(200)
    const secrets = JSON.stringify(at.said(refused))
    expect(secrets).not.to.contain('$argon2')
  })

  it('during the start, and SIGTERM during a reload, are both obeyed', async function () {
    this.timeout(60_000)
    await using at = await serveProcess()
    await at.starting()
    at.hangUp()
    await at.says('listening')
    await at.says(reloaded)
    at.hangUp()
    at.hangUp()
    at.server.kill('SIGTERM')
    expect(await at.ended, at.errors()).to.equal(0)
    expect(at.errors()).to.equal('')
  })
})
