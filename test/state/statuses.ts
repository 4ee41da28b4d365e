import { expect } from 'chai'
import type { State, StatusEnd, StatusSpan } from '../../src/state/state.ts'
import { awkward, fresh, login } from './login.ts'

/** The part of the conformance suite about the serials of tokens that have a status in a list. */
export function keepsStatuses(connections: () => State[], empty: () => Promise<void>): void {
  describe('the serials of tokens with a status', () => {
    const one = (i = 0): State => {
      const state = connections()[i]
      if (state === undefined) throw new Error('no connection')
      return state
    }
    const of = (kind: StatusEnd['kind'], target: string, at = Date.now() + 1000) =>
      one(1).statusesOf({ kind, target, at })
    const single = (clientId: string, serial: number): StatusSpan => ({
      clientId,
      first: serial,
      last: serial,
    })

    it('rise for each client, and none is given twice, over all connections', async () => {
      const clientId = fresh('client')
      const states = connections()
      const serials = await Promise.all(
        Array.from({ length: 100 }, (_, i) =>
          one(i % states.length).allocateStatus({ clientId, sub: fresh('user') }),
        ),
      )
      const sorted = serials.toSorted((a, b) => a - b)
      const [first = 0] = sorted
      expect(sorted).to.deep.equal(Array.from({ length: 100 }, (_, i) => first + i))
      expect(first % 2 ** 20).to.equal(0)
      const later = await one().allocateStatus({ clientId, sub: fresh('user') })
      expect(later).to.equal(first + 100)
      const other = await one().allocateStatus({ clientId: fresh('client'), sub: fresh('user') })
      expect(other % 2 ** 20).to.equal(0)
    })

    it('are known under family, user and client', async () => {
      for (const clientId of awkward) {
        const family = await one().openFamily(
          login({ clientId, sub: `${fresh('user')}${clientId}` }),
        )
        const second = await one().openFamily(login({ clientId, sub: family.sub }))
        const allocate = (bearer = family) =>
          one().allocateStatus({ clientId, sub: family.sub, family: bearer })
        const [a, b, c] = [await allocate(), await allocate(), await allocate(second)]
        expect(await of('family', family.id)).to.have.deep.members([
          single(clientId, a),
          single(clientId, b),
        ])
        expect(await of('family', second.id)).to.deep.equal([single(clientId, c)])
        expect(await of('user', family.sub)).to.have.deep.members(
          [a, b, c].map((serial) => single(clientId, serial)),
        )
        const [whole] = await of('client', clientId)
        expect(whole).to.include({ clientId, last: c })
        expect(whole?.first).to.be.at.most(c)
      }
      expect(await of('family', fresh('family'))).to.deep.equal([])
      expect(await of('user', fresh('user'))).to.deep.equal([])
      expect(await of('client', fresh('client'))).to.deep.equal([])
    })

    it('of a user are those of logins up to the moment, of a client those up to its second', async () => {
      const family = await one().openFamily(login())
      const { sub, clientId, createdAt } = family
      const serial = await one().allocateStatus({ clientId, sub, family })
      expect(await of('user', sub, createdAt)).to.deep.equal([single(clientId, serial)])
      expect(await of('user', sub, createdAt - 1)).to.deep.equal([])

      const [service, early] = [fresh('service'), Date.now() - 5000]
      const own = await one().allocateStatus({ clientId: service, sub: service })
      expect(await of('user', service)).to.deep.equal([single(service, own)])
      expect(await of('user', service, early)).to.deep.equal([])
      const second = Math.floor(own / 2 ** 20) * 1000
      expect(await of('client', service, second)).to.deep.equal([single(service, own)])
      expect(await of('client', service, second - 1)).to.deep.equal([])
    })

    it('are gone with the store', async () => {
      const clientId = fresh('client')
      await one().allocateStatus({ clientId, sub: fresh('user') })
      await empty()
      expect(await of('client', clientId)).to.deep.equal([])
    })
  })
}
