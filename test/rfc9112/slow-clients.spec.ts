import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { once } from 'node:events'
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import { connect, type Socket } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import { connect as connectTls } from 'node:tls'
import { Worker } from 'node:worker_threads'
import { expect } from 'chai'
import { type Connections, createConnections, usualLimits } from '../../src/http/connections.ts'
import { type Listener, listen, type Tls } from '../../src/http/listen.ts'
import { makeCertificate } from '../parts/certificate.ts'
import { secret, startLatchkey } from '../parts/latchkey.ts'
import { freePort } from '../parts/port.ts'
import { startRedis } from '../parts/redis.ts'
import { temporaryFolder } from '../parts/temporary-folder.ts'
import { until } from '../parts/until.ts'

const get = (target = '/') => `GET ${target} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n`
/** The head of a login, and so much of its body that some is missing. */
const halfAPost =
  'POST /token HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/x-www-form-urlencoded\r\n' +
  'Content-Length: 100\r\n\r\ngrant_type=pass'

interface Peer {
  readonly socket: Socket
  /** What has come so far. */
  readonly received: () => string
  /** All that came, once the server has hung up. */
  readonly end: Promise<string>
}

function peer(url: string, localAddress = '127.0.0.1'): Peer {
  const { protocol, hostname: host, port } = new URL(url)
  const to = { host, port: Number(port), localAddress }
  const socket =
    protocol === 'https:' ? connectTls({ ...to, rejectUnauthorized: false }) : connect(to)
  let text = ''
  socket.on('data', (chunk) => {
    text += chunk.toString('latin1')
  })
  socket.on('error', () => {})
  const closed = Promise.withResolvers<void>()
  socket.once('close', () => closed.resolve())
  return { socket, received: () => text, end: closed.promise.then(() => text) }
}
const statuses = (text: string) => [...text.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, s]) => s)

describe('RFC 9112 section 9: connections of slow, idle and numerous clients', () => {
  let server: Listener
  let connections: Connections
  let peers: Peer[] = []

  const start = async (
    limits: Partial<typeof usualLimits>,
    handler: RequestListener = (_, res) => res.end('here'),
    tls?: Tls,
  ) => {
    connections = createConnections({ ...usualLimits, ...limits })
    const at = { host: '127.0.0.1', port: await freePort() }
    server = await listen(handler, at, tls, connections)
  }
  const join = (octets = '', from?: string) => {
    const joined = peer(server.url, from)
    peers.push(joined)
    if (octets !== '') joined.socket.write(octets)
    return joined
  }
  const endedBy = (reason: Parameters<Connections['ended']>[0]) =>
    connections.load().ended.get(reason) ?? 0
  const open = () => connections.load().open

  afterEach(async () => {
    for (const { socket } of peers) socket.destroy()
    peers = []
    await server.close(0, 0)
    await until(open, (count) => count === 0)
  })

  const quick = { headersTimeout: 150, requestTimeout: 300, keepAliveTimeout: 150 }

  it('ends those whose head does not arrive, or never begins, with 408', async () => {
    await start(quick)
    const silent = join()
    const slow = join('GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX-A: ')
    const drip = setInterval(() => slow.socket.write('b'), 20)
    expect(statuses(await slow.end)).to.deep.equal(['408'])
    clearInterval(drip)
    expect(statuses(await silent.end)).to.deep.equal(['408'])
    expect(endedBy('slow_request')).to.equal(2)
  })

  it('ends few of those that are late in one turn of the event loop', async () => {
    await start(quick)
    const { ended } = connections
    let inTurn = 0
    let most = 0
    connections.ended = (reason) => {
      if (inTurn++ === 0)
        setImmediate(() => {
          inTurn = 0
        })
      most = Math.max(most, inTurn)
      ended(reason)
    }
    const slow = Array.from({ length: 60 }, () => join('GET / HTTP/1.1\r\n').end)
    for (const text of await Promise.all(slow)) expect(statuses(text)).to.deep.equal(['408'])
    // Two turns may be taken for one here.
    expect(most).to.be.within(1, 16)
  })

  it('ends those whose body does not arrive with 408', async () => {
    await start(quick, async (req, res) => {
      for await (const _ of req);
      res.end('read')
    })
    const slow = join(halfAPost)
    const drip = setInterval(() => slow.socket.write('x'), 50)
    expect(statuses(await slow.end)).to.deep.equal(['408'])
    clearInterval(drip)
    expect(endedBy('slow_request')).to.equal(1)
  })

  it('ends those that are idle after an answer', async () => {
    await start(quick)
    expect(statuses(await join(get()).end)).to.deep.equal(['200'])
    expect(endedBy('idle')).to.equal(1)
  })

  it('lets as many wait for a busy process as may be open', async () => {
    await start({})
    const connected = new Int32Array(new SharedArrayBuffer(4))
    const connectAll = `
      const { port, connected } = require('node:worker_threads').workerData
      for (let left = 800; left > 0; left--)
        require('node:net').connect(port, '127.0.0.1').on('error', () => {})
          .once('connect', () => Atomics.add(connected, 0, 1))`
    const workerData = { port: Number(new URL(server.url).port), connected }
    const clients = new Worker(connectAll, { eval: true, workerData })
    await once(clients, 'online')
    // This thread does nothing else meanwhile.
    const wait = new Int32Array(new SharedArrayBuffer(4))
    for (let turns = 0; turns < 500 && Atomics.load(connected, 0) < 800; turns++)
      Atomics.wait(wait, 0, 0, 20)
    await clients.terminate()
    expect(Atomics.load(connected, 0)).to.equal(800)
  })

  it('ends those that came together not all at once', async () => {
    const sockets: Socket[] = []
    await start({}, ({ socket }, res) => {
      sockets.push(socket)
      res.end('here')
    })
    await Promise.all(Array.from({ length: 20 }, () => once(join(get()).socket, 'data')))
    const times = await until(
      () => sockets.map(({ timeout = 0 }) => timeout),
      (each) => each.every((time) => time > 5000 && time < 7000),
    )
    expect(new Set(times)).to.have.property('size').above(10)
  })

  it('ends those that begin no TLS', async () => {
    await using folder = await temporaryFolder()
    const { cert, key } = makeCertificate(folder.path)
    await start(quick, undefined, { cert, key })
    const silent = connect({ host: '127.0.0.1', port: Number(new URL(server.url).port) }).resume()
    await once(silent, 'close')
    expect(endedBy('handshake')).to.equal(1)
    const polite = join(get())
    await until(polite.received, (text) => statuses(text).includes('200'))
  })

  it('ends those that take nothing of their answer, not those that take it slowly', async () => {
    const large = 'x'.repeat(32 * 1024 * 1024)
    await start({ unreadTimeout: 300 }, (_, res) => res.end(large))
    const deaf = join(get())
    deaf.socket.pause()
    const slow = join(get().replace('\r\n\r\n', '\r\nConnection: close\r\n\r\n'))
    slow.socket.pause()
    const sip = setInterval(() => {
      slow.socket.resume()
      slow.socket.once('data', () => endedBy('unread') === 0 && slow.socket.pause())
    }, 20)
    await until(
      () => endedBy('unread'),
      (count) => count === 1,
    )
    const text = await slow.end
    clearInterval(sip)
    expect(text.length).to.be.above(large.length)
  })

  it('answers pipelined requests in their order, one at a time', async () => {
    let running = 0
    let most = 0
    await start({}, async (req, res) => {
      running += 1
      most = Math.max(most, running)
      await pause(req.url === '/0' ? 30 : 0)
      running -= 1
      res.end(`#${req.url?.slice(1)}`)
    })
    const ten = Array.from({ length: 10 }, (_, index) => get(`/${index}`))
    const one = join(ten.join(''))
    await until(one.received, (text) => text.includes('#9'))
    expect(one.received().match(/(?<=#)\d/g)).to.deep.equal(ten.map((_, index) => `${index}`))
    expect(most).to.equal(1)
    expect(endedBy('pipelining')).to.equal(0)
  })

  it('ends those that pipeline more than they could mean', async () => {
    let handled = 0
    await start({}, () => {
      handled += 1
    })
    let read = 0
    const count = () => {
      read += 1
    }
    subscribe('http.server.request.start', count)
    const flood = join(get().repeat(1500))
    await flood.end
    unsubscribe('http.server.request.start', count)
    expect(handled).to.equal(1)
    expect(read, 'read, of a packet with all of them').to.equal(18)
    expect(endedBy('pipelining')).to.equal(1)
    expect(await join(get()).end, 'and the next from there').to.equal('')
    expect(endedBy('barred')).to.equal(1)
    join(get(), '127.0.0.2')
    await until(
      () => handled,
      (count) => count === 2,
    )
  })

  for (const secure of [false, true])
    it(`keeps little of the bodies that wait behind an answer, and reads the rest in their turn${secure ? ', over TLS, too' : ''}`, async () => {
      await using folder = await temporaryFolder()
      const post = (bytes: number) =>
        `POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${bytes}\r\n\r\n${'x'.repeat(bytes)}`
      const waiting: ServerResponse[] = []
      let read = () => 0
      const handler = async (req: IncomingMessage, res: ServerResponse) => {
        if (req.method === 'GET') read = () => req.socket.bytesRead
        let bytes = 0
        for await (const chunk of req) bytes += chunk.length
        if (req.method === 'GET') waiting.push(res)
        else res.end(`took ${bytes}`)
      }
      await start({}, handler, secure ? makeCertificate(folder.path) : undefined)
      const patient = join(get() + post(60_000).repeat(20))
      await until(
        () => waiting.length,
        (count) => count === 1,
      )
      for (const _ of '12345') {
        const other = join(post(10))
        await until(other.received, (text) => text.includes('took 10'))
      }
      expect(read()).to.be.below(100_000)
      waiting.pop()?.end('here')
      await until(patient.received, (text) => text.split('took 60000').length === 21)
      expect(endedBy('pipelining')).to.equal(0)
    })

  it('answers no second time within an answer', async () => {
    await start({}, (_, res) => {
      res.writeHead(200, { 'Content-Length': 100 })
      res.write('a part')
    })
    const both = join(get())
    await until(both.received, (text) => text.includes('a part'))
    both.socket.write('no HTTP at all\r\n\r\n')
    expect(statuses(await both.end)).to.deep.equal(['200'])
  })

  it('takes no more connections from one address than its share', async () => {
    await start({ connectionsPerAddress: 3 })
    const mine = Array.from({ length: 3 }, () => join())
    await until(open, (count) => count === 3)
    expect(await join(get()).end).to.equal('')
    expect(endedBy('address')).to.equal(1)
    const other = join(get(), '127.0.0.2')
    await until(other.received, (text) => text.includes('here'))
    mine[0]?.socket.destroy()
    await until(open, (count) => count === 3)
    const again = join(get())
    await until(again.received, (text) => text.includes('here'))
  })

  it('takes as many as there are from a trusted proxy', async () => {
    await start({ connectionsPerAddress: 3, trusted: ['127.0.0.0/8'] })
    for (let count = 0; count < 6; count++) {
      const each = join(get())
      await until(each.received, (text) => text.includes('here'))
    }
    expect(open()).to.equal(6)
  })

  it('lets those that have been idle longest make room, never those at work', async () => {
    await start({ connections: 10 }, (req, res) => {
      if (req.url !== '/work') res.end('here')
    })
    const worker = join(get('/work'))
    const idle: Peer[] = []
    for (let count = 0; count < 8; count++) {
      const each = join(get(), `127.0.0.${count + 1}`)
      await until(each.received, (text) => text.includes('here'))
      idle.push(each)
    }
    const next = join(get(), '127.0.0.20')
    await until(next.received, (text) => text.includes('here'))
    await idle[0]?.end
    expect(endedBy('made_room')).to.equal(1)
    expect(worker.socket.closed || idle[1]?.socket.closed).to.equal(false)
  })

  it('takes no more than its share where all are at work', async () => {
    const refused: string[] = []
    await start({ connections: 10 }, () => {})
    connections = createConnections({ ...usualLimits, connections: 10 }, (why) => refused.push(why))
    await server.close(0, 0)
    server = await listen(
      () => {},
      { host: '127.0.0.1', port: await freePort() },
      undefined,
      connections,
    )
    for (let count = 0; count < 10; count++) {
      join(get())
      await until(open, (now) => now === count + 1)
    }
    for (let count = 0; count < 3; count++) expect(await join(get()).end).to.equal('')
    expect(endedBy('full')).to.equal(3)
    expect(refused, 'said once a minute').to.deep.equal(['full'])
  })
})

describe('RFC 9110 section 15.6.4: an answer that does not come', () => {
  it('is 503 when its time is over, and the server goes on', async () => {
    const redis = await startRedis()
    const server = await startLatchkey({
      state: { url: redis.url, timeout: 5000 },
      http: { answerTimeout: 300 },
    })
    try {
      redis.pause()
      const late = await server.post(
        '/token',
        { grant_type: 'refresh_token' },
        { basic: `app:${secret}` },
      )
      expect(late.status).to.equal(400)
      const login = {
        grant_type: 'password',
        username: 'johndoe',
        password: 'secret',
        client_id: 'web',
      }
      const answer = await server.post('/token', login)
      // Redis is still silent, and a command may take longer.
      redis.resume()
      expect(answer.status).to.equal(503)
      expect(answer.json.error).to.equal('temporarily_unavailable')
      expect(answer.headers.get('retry-after')).to.equal('1')
      expect(answer.headers.get('cache-control')).to.equal('no-store')
      await until(
        () => server.post('/token', login),
        ({ status }) => status === 200,
      )
      const line = server.log.find(({ error }) => String(error).includes('http.answerTimeout'))
      expect(line).to.include({ status: 503 })
    } finally {
      redis.resume()
      await server.stop()
      await redis.stop()
    }
  })
})
