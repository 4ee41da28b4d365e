import { once } from 'node:events'
import { readFile, writeFile } from 'node:fs/promises'
import { request } from 'node:http'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { expect } from 'chai'
import { passwordForm, serveProcess } from '../parts/serve-process.ts'
import { startSteadyClients } from '../parts/steady-clients.ts'
import { temporaryFolder } from '../parts/temporary-folder.ts'
import { until } from '../parts/until.ts'
import { latchkey } from './command.ts'

const serving = 'all workers listen'
const reloaded = 'configuration reloaded'
const refused = 'reload refused: the former configuration goes on'
const restarts = 'latchkey_worker_restarts_total'

const childrenOf = async (pid = 0) =>
  (await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8')).trim().split(' ').map(Number)

describe('latchkey serve --workers 2', () => {
  let at: Awaited<ReturnType<typeof serveProcess>>

  before(async function () {
    this.timeout(60_000)
    at = await serveProcess(['--workers', '2'])
    await at.says(serving)
  })
  after(() => at[Symbol.asyncDispose]())

  it('both serve, one wins a race of refreshes, and the metrics are those of both', async () => {
    const { json } = await at.post('/token', passwordForm())
    const form = {
      grant_type: 'refresh_token',
      refresh_token: String(json.refresh_token),
      client_id: 'web',
    }
    const before = await requestsIn(at)
    const outcomes = await Promise.all(
      Array.from({ length: 8 }, () => onNewConnection(`${at.url}/token`, form)),
    )
    expect(outcomes.filter((status) => status === 200)).to.have.length(1)
    expect(outcomes.filter((status) => status === 400)).to.have.length(7)
    expect(await requestsIn(at)).to.equal(before + 8)
    const workers = await until(
      async () => {
        await onNewConnection(`${at.url}/token`, form)
        return new Set(at.log.filter(({ path }) => path === '/token').map(({ worker }) => worker))
      },
      ({ size }) => size === 2,
    )
    expect([...workers].sort()).to.deep.equal([1, 2])
    for (const worker of [1, 2])
      expect(await at.metric(`latchkey_worker_ready{worker="${worker}"}`)).to.equal(1)
  })

  it('SIGHUP replaces them: no connection is refused, no request is lost, no count is lost', async function () {
    this.timeout(120_000)
    const clients = startSteadyClients({ url: `${at.url}/readyz` })
    await clients.answers(20)
    await at.edit((text) => text.replace('scopes: [read]', 'scopes: [read, write]'))
    at.hangUp()
    expect((await at.says(reloaded)).changed).to.deep.equal(['apis[0].scopes'])
    await clients.answers(20)
    expect(await clients.stop()).to.deep.equal({})
    const { json } = await at.post('/token', { ...passwordForm(), scope: 'write' })
    expect(json.scope).to.equal('write')
    expect(await requestsIn(at)).to.be.at.least(clients.answered())
    expect(await at.metric(restarts)).to.equal(0)
  })

  it('SIGHUP with what no worker can start with changes nothing', async function () {
    this.timeout(60_000)
    const workers = await childrenOf(at.server.pid)
    await at.edit((text) => text.replace('sqlite:state.sqlite', 'sqlite:/proc/state.sqlite'))
    at.hangUp()
    expect(String((await at.says(refused)).faults)).to.contain('/proc/state.sqlite')
    await at.edit((text) => `${text}nonsense: 1\n`)
    at.hangUp()
    expect(String((await at.says(refused, 2)).faults)).to.contain('nonsense')
    expect(await childrenOf(at.server.pid)).to.deep.equal(workers)
  })

  it('one that is killed is replaced, by the configuration in use, and harms nobody else', async function () {
    this.timeout(60_000)
    const [victim = 0, ...others] = await childrenOf(at.server.pid)
    const clients = startSteadyClients({ url: `${at.url}/readyz` })
    await clients.answers(20)
    process.kill(victim, 'SIGKILL')
    expect(await at.says('a worker died')).to.include({ signal: 'SIGKILL' })
    await clients.answers(50)
    await until(
      () => at.metric(restarts),
      (count) => count === 1,
    )
    for (const worker of [1, 2])
      await until(
        () => at.metric(`latchkey_worker_ready{worker="${worker}"}`),
        (ready) => ready === 1,
        30_000,
      )
    const failures = await clients.stop()
    // Those that it had, one a client at the most.
    expect(Object.keys(failures)).to.satisfy((codes: string[]) =>
      codes.every((code) => ['ECONNRESET', 'lost'].includes(code)),
    )
    expect(Object.values(failures).reduce((sum, count) => sum + count, 0)).to.be.at.most(6)
    const now = await childrenOf(at.server.pid)
    expect(now).to.include.members(others)
    expect(now).to.have.length(2)
  })

  it('SIGTERM under load: what was accepted is answered, and it exits 0', async function () {
    this.timeout(60_000)
    const clients = startSteadyClients({ url: `${at.url}/readyz` })
    await clients.answers(20)
    at.server.kill('SIGTERM')
    expect(await at.ended, at.errors()).to.equal(0)
    const failures = await clients.stop()
    expect(failures).not.to.have.property('lost')
    expect(at.errors()).to.equal('')
  })
})

describe('latchkey serve --workers, when it cannot', () => {
  it('says once that the port is taken, and exits 1', async function () {
    this.timeout(60_000)
    await using one = await serveProcess()
    await one.says('listening')
    const { code, stderr } = await latchkey(['serve', '--config', one.file, '--workers', '3'])
    expect(code).to.equal(1)
    expect(stderr).to.match(/^latchkey: .*EADDRINUSE.*\n$/)
  })

  it('says once what is wrong with the configuration', async () => {
    await using folder = await temporaryFolder()
    const file = join(folder.path, 'latchkey.yaml')
    await writeFile(file, 'issuer: http://127.0.0.1:1\nusers: []\nnonsense: 1\napis: []\n')
    const { code, stderr } = await latchkey(['serve', '--config', file, '--workers', '2'])
    expect(code).to.equal(1)
    expect(stderr.trim().split('\n')).to.have.length(3)
  })

  it('leaves development to one process', async () => {
    const file = join(import.meta.dirname, '../../config/development.yaml')
    const { code, stderr } = await latchkey(['serve', '--config', file, '--workers', '2'])
    expect({ code, stderr }).to.deep.equal({
      code: 1,
      stderr:
        'latchkey: development is for one process: leave out --workers, or development: true\n',
    })
  })

  it('takes a number, and 0 for all processors', async () => {
    for (const number of ['-1', 'two', '257', '1.5']) {
      const { code, stderr } = await latchkey(['serve', '--config', 'none', '--workers', number])
      expect(code).to.equal(2)
      expect(stderr).to.contain('from 0 to 256')
    }
  })
})

const requestsIn = async ({ metric }: Pick<Awaited<ReturnType<typeof serveProcess>>, 'metric'>) => {
  const of = (path: string, status: number) =>
    metric(`latchkey_request_seconds_count{path="${path}",status="${status}"}`)
  const counts = [of('/token', 200), of('/token', 400), of('other', 200)]
  return (await Promise.all(counts)).reduce((sum, count) => sum + (count || 0), 0)
}

async function onNewConnection(url: string, form: Readonly<Record<string, string>>) {
  const sent = request(url, {
    method: 'POST',
    agent: false,
    headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
  })
  sent.end(`${new URLSearchParams(form)}`)
  const [response] = await once(sent, 'response')
  await text(response)
  return response.statusCode as number
}
