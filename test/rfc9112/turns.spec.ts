import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { expect } from 'chai'
import { createConnections, usualLimits } from '../../src/http/connections.ts'
import { type Listener, listen } from '../../src/http/listen.ts'
import { takeTurns } from '../../src/http/turns.ts'
import { freePort } from '../parts/port.ts'
import { until } from '../parts/until.ts'

describe('RFC 9112 section 9.3.2: whose request is next', () => {
  describe('of what waits', () => {
    const turnOfTheLoop = () => new Promise((resolve) => setImmediate(resolve))
    let begun: string[] = []
    beforeEach(() => {
      begun = []
    })
    const beginning = (most: number) => {
      const turns = takeTurns(most)
      return (party: string, name: string) => turns.take(party, () => begun.push(name))
    }

    it('begins at once what is not too much', async () => {
      const ask = beginning(2)
      for (const name of ['a', 'b']) ask(name, name)
      expect(begun).to.deep.equal(['a', 'b'])
      await turnOfTheLoop()
      ask('c', 'c')
      expect(begun).to.deep.equal(['a', 'b', 'c'])
    })

    it('begins no more than so many in a turn of the loop', async () => {
      const ask = beginning(2)
      const inEach: number[] = []
      for (let index = 0; index < 7; index++) ask('one', `${index}`)
      while (inEach.at(-1) !== 7) {
        inEach.push(begun.length)
        await turnOfTheLoop()
      }
      expect(inEach).to.deep.equal([2, 4, 6, 7])
      expect(begun.join('')).to.equal('0123456')
    })

    it('lets each party begin one before any begins its next', async () => {
      const ask = beginning(1)
      for (let index = 0; index < 100; index++) ask('many', 'm')
      ask('few', 'f')
      ask('few', 'f')
      ask('other', 'o')
      await until(
        () => begun.length,
        (count) => count === 103,
      )
      expect(begun.slice(0, 7).join('')).to.equal('mmfomfm')
    })

    it('lets who asks now and then begin before those who always have more', async () => {
      const ask = beginning(1)
      for (const party of ['a', 'b', 'c']) for (let index = 0; index < 9; index++) ask(party, party)
      for (const seen of [4, 7, 10]) {
        await until(
          () => begun.length,
          (count) => count >= seen,
        )
        const before = begun.length
        ask('now and then', '-')
        await turnOfTheLoop()
        await turnOfTheLoop()
        expect(begun.slice(before, before + 2)).to.include('-')
      }
    })

    it('lets nobody gain by having nothing left for a moment', async () => {
      const ask = beginning(1)
      for (const party of ['a', 'b', 'c', 'd']) for (let i = 0; i < 6; i++) ask(party, party)
      const takeTurns = async (count: number) => {
        const until = begun.length + count
        while (begun.length < until) await turnOfTheLoop()
      }
      await takeTurns(4)
      for (let index = 0; index < 4; index++) {
        ask('x', 'x')
        await takeTurns(1)
      }
      // Its first goes before the others, its second when each of them has had one.
      expect(begun.slice(5).filter((name) => name === 'x')).to.have.lengthOf.below(2)
    })

    it('begins fewer in a turn of the loop while several wait', async () => {
      const turns = takeTurns(4, 2)
      const inEach: string[] = []
      let inThis = ''
      for (const party of 'aaaaaaaabbbb')
        turns.take(party, () => {
          inThis += party
        })
      while (inEach.join('').length < 12) {
        inEach.push(inThis)
        inThis = ''
        await turnOfTheLoop()
      }
      expect(inEach).to.deep.equal(['aaaa', 'ab', 'ab', 'ab', 'ab'])
    })

    it('begins one for every four connections while they come', async () => {
      const turns = takeTurns(5)
      let count = 0
      const inEach: number[] = []
      turns.arrived()
      for (let index = 0; index < 12; index++) turns.take('one', () => count++)
      for (let arrivals = 1; count < 12; arrivals++) {
        inEach.push(count)
        if (arrivals < 8) turns.arrived()
        await turnOfTheLoop()
      }
      expect(inEach).to.deep.equal([0, 0, 0, 1, 1, 1, 1, 2, 7])
    })

    it('goes on after a beginning that fails', async () => {
      const { take } = takeTurns(1)
      const fail = () => {
        throw new Error('a fault')
      }
      expect(() => take('one', fail)).to.throw('a fault')
      const { promise, resolve } = Promise.withResolvers<string>()
      take('one', () => resolve('begun'))
      expect(await promise).to.equal('begun')
    })
  })

  describe('of connections', () => {
    let server: Listener
    let peers: Socket[] = []
    let handled: string[] = []
    /** How many connections there were when each was. */
    let among: number[] = []
    /** How many of them had been read. */
    let read: number[] = []
    const sockets = new Set<Socket>()
    const connections = createConnections({ ...usualLimits, trusted: ['127.0.3.0/24'] })
    before(async () => {
      const at = { host: '127.0.0.1', port: await freePort() }
      server = await listen(
        (req, res) => {
          handled.push(req.url ?? '')
          among.push(connections.load().open)
          read.push([...sockets].filter(({ bytesRead }) => bytesRead > 0).length)
          res.end('here')
        },
        at,
        undefined,
        {
          ...connections,
          arrive(socket) {
            sockets.add(socket)
            socket.once('close', () => sockets.delete(socket))
            return connections.arrive(socket)
          },
        },
      )
    })
    afterEach(async () => {
      for (const peer of peers) peer.destroy()
      peers = []
      handled = []
      among = []
      read = []
      await until(
        () => connections.load().open,
        (open) => open === 0,
      )
    })
    after(() => server.close(0, 0))

    const join = async (localAddress: string): Promise<Socket> => {
      const peer = connect({
        port: Number(new URL(server.url).port),
        host: '127.0.0.1',
        localAddress,
      })
      peers.push(peer)
      await once(peer, 'connect')
      return peer.resume()
    }
    const get = (target: string, forwardedFor = '') =>
      `GET ${target} HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: ${forwardedFor}\r\n\r\n`
    /** All have been taken, so that what is sent in one turn of the loop is read in one. */
    const taken = () =>
      until(
        () => connections.load().open,
        (open) => open === peers.length,
      )
    const placeOfOther = () =>
      until(
        () => handled.indexOf('/other'),
        (place) => place >= 0,
      )

    it('delays nobody by more than a few of those that another has sent at once', async () => {
      const pipeliner = await join('127.0.0.1')
      const other = await join('127.0.1.2')
      await taken()
      pipeliner.write(get('/many').repeat(17))
      other.write(get('/other'))
      expect(await placeOfOther()).to.be.below(10)
      await until(
        () => handled.length,
        (count) => count === 18,
      )
    })

    it('delays nobody by more than a few of those on the many connections of another', async () => {
      for (let index = 0; index < 40; index++) await join('127.0.0.1')
      const many = [...peers]
      const other = await join('127.0.1.2')
      await taken()
      for (const one of many) one.write(get('/many').repeat(10))
      other.write(get('/other'))
      expect(await placeOfOther()).to.be.below(30)
      await until(
        () => handled.length,
        (count) => count === 401,
      )
    })

    it('delays nobody by those that a proxy brings from another network on many connections', async () => {
      for (let index = 0; index < 41; index++) await join('127.0.3.1')
      const [other, ...many] = peers
      await taken()
      for (const [index, one] of many.entries())
        one.write(get('/many', `198.51.100.${index}`).repeat(10))
      other?.write(get('/other', '192.0.2.1'))
      expect(await placeOfOther()).to.be.below(20)
      await until(
        () => handled.length,
        (count) => count === 401,
      )
    })

    it('lets in who comes before many requests that wait', async () => {
      for (let index = 0; index < 40; index++) (await join('127.0.0.1')).write(get('/first'))
      await until(
        () => handled.length,
        (count) => count === 40,
      )
      for (const one of peers) one.write(get('/many').repeat(10))
      await Promise.all(Array.from({ length: 40 }, () => join('127.0.1.2')))
      await until(
        () => handled.length,
        (count) => count === 440,
      )
      // While they were let in, there being always one more who could be.
      const meanwhile = among.filter((open) => open > 40 && open < 80)
      expect(meanwhile).to.have.lengthOf.within(1, 20)
    })

    it('reads hardly any of the many new connections of one network before the one of another', async () => {
      for (let index = 0; index < 200; index++) void join('127.0.0.1')
      void join('127.0.1.2')
      for (const one of peers) one.write(get(one === peers.at(-1) ? '/other' : '/many'))
      await until(
        () => handled.length,
        (count) => count === 201,
      )
      expect(read[handled.indexOf('/other')]).to.be.within(1, 60)
    })

    it('answers who has sent everything and closed its side', async () => {
      const one = await join('127.0.0.1')
      let answers = ''
      one.on('data', (chunk) => {
        answers += chunk
      })
      one.end(get('/many').repeat(12))
      await once(one, 'close')
      expect(answers.split('here')).to.have.length(13)
    })
  })
})
