import { expect } from 'chai'
import { type Latchkey, startLatchkey } from '../parts/latchkey.ts'
import { exchange, formRequest } from '../parts/raw-socket.ts'

const form = 'grant%5Ftype=password&username=johndoe&password=secret&client%5Fid=web'

describe('RFC 9112: HTTP/1.1 messages', () => {
  let server: Latchkey
  before(async () => {
    server = await startLatchkey()
  })
  after(() => server.stop())

  const send = (octets: string) => exchange(server.service.url, octets)
  afterEach('the next request is served', async () => {
    expect((await send(formRequest('/token', form))).status).to.equal(200)
  })
  const chunked = (chunks: readonly string[]) =>
    formRequest(
      '/token',
      `${chunks.map((chunk) => `${chunk.length.toString(16)}\r\n${chunk}\r\n`).join('')}0\r\n\r\n`,
      ['Transfer-Encoding: chunked'],
    )

  it('section 7.1: reads chunks wherever they are cut [HTTP-12]', async () => {
    for (const cut of [5, 6, 7, 8]) {
      const answer = await send(chunked([form.slice(0, cut), form.slice(cut)]))
      expect(answer.status, `cut at ${cut}`).to.equal(200)
    }
    expect((await send(chunked([...form]))).status).to.equal(200)
  })

  it('section 7.1: refuses chunks that are none', async () => {
    const broken = formRequest('/token', `zz\r\n${form}\r\n0\r\n\r\n`, [
      'Transfer-Encoding: chunked',
    ])
    expect((await send(broken)).status).to.equal(400)
  })

  it('section 3.2: refuses a request without Host, with two, or with one that is none [HTTP-13]', async () => {
    const request = formRequest('/token', form)
    const hosts = {
      none: request.replace('Host: 127.0.0.1\r\n', ''),
      two: request.replace('Host:', 'Host: evil.example\r\nHost:'),
      'two of a kind': request.replace('Host:', 'Host: 127.0.0.1\r\nHost:'),
      'with a user': request.replace('127.0.0.1', 'a:x@evil'),
      'with a path': request.replace('127.0.0.1', 'evil.example/path'),
      'with a list': request.replace('127.0.0.1', 'a.example, b.example'),
    }
    for (const [what, octets] of Object.entries(hosts)) {
      const answer = await send(octets)
      expect(answer.status, what).to.equal(400)
      expect(answer.json, what).not.to.have.property('access_token')
    }
  })

  it('section 3.2.2: takes the absolute form, whatever host it names', async () => {
    const { status, json } = await send(formRequest('http://evil.example/token', form))
    expect(status).to.equal(200)
    const payload = String(json.access_token).split('.')[1] ?? ''
    const { iss } = JSON.parse(Buffer.from(payload, 'base64url').toString())
    expect(iss).to.equal(server.issuer)
  })

  it('section 6.3: refuses a length that is in doubt, and hangs up [HTTP-14]', async () => {
    const { length } = form
    const doubts = [
      [`Content-Length: ${length}`, `Content-Length: ${length - 1}`],
      [`Content-Length: ${length}`, `Content-Length: ${length}`],
      [`Content-Length: ${length}, ${length - 1}`],
      ['Content-Length: x'],
      ['Content-Length: -1'],
      [`Content-Length: ${length}`, 'Transfer-Encoding: chunked'],
      ['Transfer-Encoding: identity, chunked, gzip'],
    ]
    for (const headers of doubts) {
      const octets = formRequest('/token', form, headers).replace('Connection: close\r\n', '')
      const answer = await send(octets)
      expect(answer.status, headers.join()).to.equal(400)
      expect(answer.headers.get('connection')).to.deep.equal(['close'])
    }
  })

  it('section 2.2: refuses what is not HTTP', async () => {
    for (const octets of ['\x00\x01\x02\r\n\r\n', 'GET\r\n\r\n', `POST /token HTTP/9.9\r\n\r\n`]) {
      expect((await send(octets)).status).to.equal(400)
    }
  })
})
