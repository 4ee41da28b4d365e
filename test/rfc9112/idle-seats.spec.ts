import { Socket } from 'node:net'
import { expect } from 'chai'
import fc from 'fast-check'
import { idleSeats } from '../../src/http/idle-seats.ts'

describe('the connections that wait for a request', () => {
  it('are those that came and did not leave, the longest there first, whatever comes and goes', () => {
    const connections = Array.from({ length: 6 }, () => new Socket())
    const step = fc.record({ come: fc.boolean(), who: fc.nat({ max: connections.length - 1 }) })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const seats = idleSeats()
        const model = new Set<Socket>()
        for (const { come, who } of steps) {
          const [socket] = connections.slice(who)
          if (socket === undefined) throw new Error('there is no such connection')
          if (come) seats.take(socket)
          else seats.leave(socket)
          if (come) model.add(socket)
          else model.delete(socket)
          expect(seats.longest() === [...model][0]).to.equal(true)
          for (const each of connections) expect(seats.has(each)).to.equal(model.has(each))
        }
        for (const each of connections) seats.leave(each)
        expect(seats.longest()).to.equal(undefined)
      }),
    )
  })
})
