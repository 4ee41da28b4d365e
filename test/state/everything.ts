import { expect } from 'chai'
import type { State } from '../../src/state/state.ts'
import { fresh, login, rotation } from './login.ts'

/** One of everything that the state says to Redis. */
export async function everything(state: State): Promise<void> {
  await state.check()
  expect(await state.epoch()).to.be.a('string')
  const family = await state.openFamily(login())
  expect(await state.rotate(rotation(family.id, 1))).to.include({ outcome: 'rotated' })
  expect(await state.familiesOf(family.sub, 5)).to.have.lengthOf(1)
  const token = { jti: fresh('jti'), sub: family.sub, clientId: 'web', issuedAt: 2e9 }
  expect(await state.tokenStanding(token)).to.deep.equal({ live: true })
  await state.revokeToken(token.jti, 60)
  expect(await state.tokenStanding(token)).to.deep.equal({ live: false })
  await state.cutOff({ kind: 'user', sub: family.sub })
  expect(await state.findFamily(family.id)).to.equal(undefined)
  await state.endFamily(family.id)
  const { end } = await state.revocationLog()
  expect(await state.revocationsAfter(end, 5)).to.deep.include({ entries: [], complete: true })
  expect(await state.revocationsAfter('', 1))
    .to.have.property('entries')
    .with.lengthOf(1)
  await state.save('AccessToken', 'one', { a: 1 }, 60)
  expect(await state.find('AccessToken', 'one')).to.deep.equal({ a: 1 })
  await state.remove('AccessToken', 'one')
  expect(await state.once(fresh('id'), 60)).to.equal(true)
  expect(await state.replaceKeyRing(0, { version: 1, text: 'ring' })).to.equal(true)
  expect(await state.keyRing()).to.deep.equal({ version: 1, text: 'ring' })
  const served = { instance: fresh('instance'), ring: 'r', version: 1 }
  await state.reportKeys({ ...served, signed: { k: 2 } }, 60)
  expect(await state.keyReports(['k'])).to.deep.include({ instances: [served], signed: { k: 2 } })
  await state.reportKeys({ ...served, signed: {} }, 0)
  await state.cutKey('k')
  const budgets = [1, 1].map((limit) => ({
    owner: fresh('owner'),
    name: 'budget',
    limit,
    window: 60,
  }))
  expect(await state.spend(budgets)).to.include({ allowed: true })
  expect(await state.spend(budgets)).to.include({ allowed: false })
  await state.settle({ refund: budgets, restore: [] })
}
