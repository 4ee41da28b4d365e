import { once } from 'node:events'
import { connect } from 'node:net'
import { expect } from 'chai'
import { hashArgon2id } from '../../src/passwords/argon2.ts'
import {
  type Answer,
  cheapHash,
  type Latchkey,
  passwordGrant,
  startLatchkey,
} from '../parts/latchkey.ts'
import { formRequest } from '../parts/raw-socket.ts'
import { until } from '../parts/until.ts'

/** Keeps everybody else waiting for a second or more, where one is computed at a time. */
const slowly = { memory: 131_072, iterations: 10, parallelism: 1 }
const slow = { ...passwordGrant, username: 'slow' }
const from = (address: string) => ({ headers: { 'X-Forwarded-For': address } })

describe('more passwords than can be checked', () => {
  let server: Latchkey
  before(async () => {
    server = await startLatchkey({
      passwords: { running: 1, queue: 4, wait: 10_000, hash: cheapHash },
      proxy: { trusted: ['127.0.0.1/32'] },
      metrics: { port: 0 },
      http: { answerTimeout: 60_000 },
      throttle: {},
    })
    await server.accounts.add({
      username: 'slow',
      hash: await hashArgon2id(Buffer.from('secret'), slowly),
    })
  })
  after(() => server?.stop())

  const measured = async (series: string): Promise<number> => {
    const answer = await fetch(`${server.service.metricsUrl}/metrics`)
    const line = (await answer.text()).split('\n').find((one) => one.startsWith(`${series} `))
    return Number(line?.slice(series.length) ?? 0)
  }
  const gauge = (state: string) => measured(`latchkey_password_verifications{state="${state}"}`)
  const missed = (reason: string) => measured(`latchkey_password_missed_total{reason="${reason}"}`)

  /** Keeps the processor busy; resolves once it does, with the answer to come. */
  async function occupy(): Promise<{ answer: Promise<Answer> }> {
    const answer = server.post('/token', slow, from('203.0.113.1'))
    await until(
      () => gauge('running'),
      (count) => count === 1,
    )
    return { answer }
  }

  it('turns the flooder away with 503 and Retry-After, and a newcomer from elsewhere waits', async () => {
    const { answer } = await occupy()
    const flood = Array.from({ length: 6 }, (_, host) =>
      server.post('/token', passwordGrant, from(`198.51.100.${host}`)),
    )
    await until(
      () => missed('full'),
      (count) => count === 2,
    )
    expect(await gauge('waiting')).to.equal(4)
    const newcomer = await server.post('/token', passwordGrant, from('192.0.2.1'))
    expect((await answer).status).to.equal(200)
    expect(newcomer.status).to.equal(200)
    const answers = await Promise.all(flood)
    const refused = answers.filter(({ status }) => status !== 200)
    expect(refused).to.have.lengthOf(3)
    for (const { status, json, headers } of refused) {
      expect([status, json.error]).to.deep.equal([503, 'temporarily_unavailable'])
      expect(Number(headers.get('retry-after'))).to.be.at.least(1)
    }
    expect(await measured('latchkey_password_wait_seconds_count')).to.equal(5)
  })

  it('does nothing for clients that have hung up, and counts no guess of theirs', async () => {
    const { answer } = await occupy()
    const turns = await measured('latchkey_password_wait_seconds_count')
    const { hostname, port } = new URL(server.issuer)
    const guess = new URLSearchParams({ ...passwordGrant, password: 'guess' }).toString()
    // More than any limit on guesses allows.
    for (const round of [1, 2, 3, 4]) {
      const sockets = Array.from({ length: 4 }, () => {
        const socket = connect(Number(port), hostname)
        socket.write(formRequest('/token', guess, ['X-Forwarded-For: 192.0.2.7']))
        return socket
      })
      await until(
        () => gauge('waiting'),
        (count) => count === 4,
      )
      for (const socket of sockets) {
        socket.destroy()
        await once(socket, 'close')
      }
      await until(
        () => missed('gone'),
        (count) => count === 4 * round,
      )
    }
    expect(await gauge('waiting')).to.equal(0)
    const right = await server.post('/token', passwordGrant, from('192.0.2.7'))
    expect(right.status).to.equal(200)
    expect((await answer).status).to.equal(200)
    expect(await measured('latchkey_password_wait_seconds_count')).to.equal(turns + 1)
  })
})
