import { once } from 'node:events'
import { connect } from 'node:net'
import { expect } from 'chai'
import { type Latchkey, startLatchkey } from '../parts/latchkey.ts'

describe('connections of the server, as configured', () => {
  let server: Latchkey
  before(async () => {
    server = await startLatchkey({
      metrics: { port: 0 },
      http: {
        headersTimeout: 200,
        requestTimeout: 400,
        connectionsPerAddress: 2,
        headersLimit: 4096,
      },
    })
  })
  after(() => server.stop())

  const port = () => Number(new URL(server.service.url).port)
  const ended = async () => {
    const text = await (await fetch(`${server.service.metricsUrl}/metrics`)).text()
    const lines = text.matchAll(/^latchkey_connections_ended_total\{reason="(\w+)"\} (\d+)$/gm)
    return Object.fromEntries([...lines].map(([, reason, count]) => [reason, Number(count)]))
  }
  const answerTo = async (octets: string) => {
    const socket = connect(port(), '127.0.0.1')
    socket.on('error', () => {})
    socket.write(octets)
    let text = ''
    for await (const chunk of socket) text += chunk
    return text
  }

  it('end when a request takes too long or too much, and are counted', async () => {
    expect(await answerTo('GET /healthz HTTP/1.1\r\n')).to.match(/^HTTP\/1\.1 408 /)
    const large = `GET /healthz HTTP/1.1\r\nHost: a\r\nX: ${'x'.repeat(5000)}\r\n\r\n`
    const refusal = await answerTo(large)
    expect(refusal).to.match(/^HTTP\/1\.1 431 /)
    expect(refusal).to.include('"error":"invalid_request"')
    const many = Array.from({ length: 101 }, (_, index) => `X-${index}: y\r\n`).join('')
    const head = `GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n${many}\r\n`
    expect(await answerTo(head)).to.match(/^HTTP\/1\.1 431 /)
    expect(await ended()).to.include({ slow_request: 1, malformed: 1, full: 0 })
  })

  it('are refused beyond the share of an address, and the log says so once', async () => {
    const before = (await ended()).address ?? 0
    const held = [1, 2].map(() => connect(port(), '127.0.0.1'))
    for (const socket of held) await once(socket, 'connect')
    for (let count = 0; count < 2; count++) expect(await answerTo('')).to.equal('')
    expect((await ended()).address).to.be.equal(before + 2)
    const warnings = server.log.filter(({ reason }) => reason === 'address')
    expect(warnings).to.have.lengthOf(1)
    for (const socket of held) socket.destroy()
  })
})
