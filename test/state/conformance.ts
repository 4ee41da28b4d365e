import { setImmediate as otherWork } from 'node:timers/promises'
import { expect } from 'chai'
import { openState, type StateOptions } from '../../src/state/index.ts'
import type { State, TokenReference } from '../../src/state/state.ts'
import { until } from '../parts/until.ts'
import { keepsBudgets } from './budgets.ts'
import { keepsKeyRecords } from './key-records.ts'
import { awkward, fresh, login, rotation } from './login.ts'
import { logsRevocations } from './revocation-log.ts'
import { keepsStatuses } from './statuses.ts'

export interface Store {
  readonly options: StateOptions
  /** Loses everything, as FLUSHALL or a deleted file does. */
  empty(): Promise<void>
  /** Makes a family what it would be, had the store's clock been set back by so many milliseconds. */
  putForward(id: string, by: number): Promise<void>
  close(): Promise<void>
}

const token = (changes: Partial<TokenReference> = {}): TokenReference => ({
  jti: fresh('jti'),
  sub: fresh('user'),
  clientId: 'web',
  issuedAt: Math.floor(Date.now() / 1000),
  ...changes,
})

/** What every store does; a store's own spec only says how to open it. */
export function conformsToState(start: () => Promise<Store>, connections = 4): void {
  let store: Store
  let state: State
  let states: State[]

  before(async () => {
    store = await start()
    states = await Promise.all(Array.from({ length: connections }, () => openState(store.options)))
    const [first] = states
    if (first === undefined) throw new Error('no connection')
    state = first
  })

  after(async () => {
    await Promise.all(states.map((each) => each.close()))
    await store.close()
  })

  const isLive = async (reference: TokenReference) => (await state.tokenStanding(reference)).live

  /** The same request a hundred times at once, over all connections. */
  const hundred = <T>(ask: (state: State) => Promise<T>) =>
    Promise.all(Array.from({ length: 100 }, (_, i) => ask(states[i % states.length] ?? state)))

  describe('families', () => {
    it('come back as they were opened, with every fact', async () => {
      const opened = login({
        jkt: 'thumbprint-of-a-key',
        x5t: 'thumbprint-of-a-certificate',
        claims: { email: 'j@example.com', roles: ['a', 'b'], nested: { n: 1.5, no: null } },
        address: '2001:db8::1',
        userAgent: 'Mozilla/5.0 "quoted" \\ and ünï',
      })
      const { idle, absolute, ...facts } = opened
      const family = await state.openFamily(opened)
      expect(family).to.deep.equal({
        ...facts,
        generation: 1,
        createdAt: family.createdAt,
        lastUsedAt: family.createdAt,
        idleExpiresAt: family.createdAt + idle * 1000,
        expiresAt: family.createdAt + absolute * 1000,
      })
      expect(await state.findFamily(opened.id)).to.deep.equal(family)
    })

    it('leave out what was left out', async () => {
      const family = await state.openFamily(login({ address: '192.0.2.1' }))
      expect(family).to.not.have.any.keys('jkt', 'x5t', 'claims', 'userAgent')
      expect(await state.findFamily(family.id)).to.deep.equal(family)
    })

    it('are unknown until opened and after their end, which may come twice', async () => {
      const opened = login()
      expect(await state.findFamily(opened.id)).to.equal(undefined)
      await state.openFamily(opened)
      await state.endFamily(opened.id)
      await state.endFamily(opened.id)
      expect(await state.findFamily(opened.id)).to.equal(undefined)
      expect(await state.rotate(rotation(opened.id, 1))).to.deep.equal({ outcome: 'gone' })
    })

    it('are not opened over one another', async () => {
      const { id } = await state.openFamily(login({ username: 'first' }))
      const second = await state.openFamily(login({ id, username: 'second' })).catch(String)
      expect(second).to.include('exists already')
      expect((await state.findFamily(id))?.username).to.equal('first')
    })

    it('die after their idle lifetime', async () => {
      const { id } = await state.openFamily(login({ idle: 0.2 }))
      await until(
        () => state.findFamily(id),
        (family) => family === undefined,
      )
      expect(await state.rotate(rotation(id, 1))).to.deep.equal({ outcome: 'gone' })
    })

    it('live longer by being used, though never past their absolute lifetime', async () => {
      const { id, expiresAt } = await state.openFamily(login({ idle: 0.4, absolute: 30 }))
      const first = await state.rotate(rotation(id, 1, { idle: 20 }))
      if (first.outcome !== 'rotated') throw new Error(first.outcome)
      expect(first.family.idleExpiresAt).to.equal(first.family.lastUsedAt + 20_000)
      expect(first.family.expiresAt).to.equal(expiresAt)
      const second = await state.rotate(rotation(id, 2, { idle: 600 }))
      if (second.outcome !== 'rotated') throw new Error(second.outcome)
      expect(second.family.idleExpiresAt).to.equal(expiresAt)
      expect(await state.findFamily(id)).to.deep.equal(second.family)
    })

    it('die after their absolute lifetime however often they are used', async () => {
      const { id } = await state.openFamily(login({ idle: 600, absolute: 0.3 }))
      let generation = 1
      const last = await until(
        () => state.rotate(rotation(id, generation++, { idle: 600 })),
        ({ outcome }) => outcome !== 'rotated',
      )
      expect(last.outcome).to.equal('gone')
    })

    it('cannot be given a longer life than a cut-off is remembered', async () => {
      const family = await state.openFamily(login({ idle: 1e9, absolute: 1e9 }))
      expect(family.expiresAt - family.createdAt).to.equal(400 * 86_400_000)
      expect(family.idleExpiresAt).to.equal(family.expiresAt)
    })

    it('are listed by user, newest first, alive only, up to a limit', async () => {
      const sub = fresh('user')
      const opened = []
      for (let i = 0; i < 4; i++) {
        const family = await state.openFamily(login({ sub }))
        opened.push(family)
        await until(Date.now, (now) => now > family.createdAt + 1)
      }
      const [first, second, third, fourth] = opened
      await state.openFamily(login())
      await state.endFamily(String(third?.id))
      expect(await state.familiesOf(sub, 10)).to.deep.equal([fourth, second, first])
      expect(await state.familiesOf(sub, 2)).to.deep.equal([fourth, second])
      expect(await state.familiesOf(fresh('user'), 10)).to.deep.equal([])
    })

    it('keep names that would break a careless store apart', async () => {
      const opened = []
      for (const name of awkward) {
        const id = `${name}${fresh('')}`
        const facts = { id, sub: `${name}|${id}`, clientId: name, username: name, scope: name }
        opened.push(await state.openFamily(login({ ...facts, claims: { [name]: name } })))
      }
      for (const family of opened) {
        expect(await state.findFamily(family.id)).to.deep.equal(family)
        expect(await state.familiesOf(family.sub, 10)).to.deep.equal([family])
        const nonce = family.clientId
        const rotated = await state.rotate(rotation(family.id, 1, { nonce }))
        expect(rotated).to.include({ outcome: 'rotated', generation: 2 })
        expect(await state.rotate(rotation(family.id, 1, { nonce, grace: 0 }))).to.deep.equal(
          rotated,
        )
      }
      const [gone, ...others] = opened
      await state.cutOff({ kind: 'user', sub: String(gone?.sub) })
      expect(await state.findFamily(String(gone?.id))).to.equal(undefined)
      for (const { id } of others) expect(await state.findFamily(id)).to.include({ id })
    })

    it('may be large', async () => {
      const claims = { groups: Array.from({ length: 5000 }, (_, i) => `group-number-${i}`) }
      const family = await state.openFamily(login({ claims }))
      expect(await state.findFamily(family.id)).to.deep.equal(family)
      const rotated = await state.rotate(rotation(family.id, 1))
      expect(rotated).to.have.nested.property('family.claims').that.deep.equals(claims)
    })
  })

  describe('rotation (RFC 9700 section 4.14.2)', () => {
    it('goes from one generation to the next', async () => {
      const opened = await state.openFamily(login())
      for (const generation of [1, 2, 3, 4]) {
        const turn = await state.rotate(rotation(opened.id, generation))
        if (turn.outcome !== 'rotated') throw new Error(turn.outcome)
        expect(turn.generation).to.equal(generation + 1)
        const { lastUsedAt, idleExpiresAt } = turn.family
        expect(turn.family).to.deep.equal({
          ...opened,
          generation: generation + 1,
          lastUsedAt,
          idleExpiresAt,
        })
        expect(lastUsedAt).to.be.at.least(opened.createdAt)
      }
    })

    it('answers one nonce once, even when grace is none', async () => {
      const { id } = await state.openFamily(login())
      const sent = rotation(id, 1, { grace: 0 })
      const first = await state.rotate(sent)
      expect(first.outcome).to.equal('rotated')
      expect(await state.rotate(sent)).to.deep.equal(first)
      expect(await state.findFamily(id)).to.include({ generation: 2 })
    })

    it('gives a retry within grace the same successor', async () => {
      const { id } = await state.openFamily(login())
      const first = await state.rotate(rotation(id, 1))
      if (first.outcome !== 'rotated') throw new Error(first.outcome)
      for (const _ of [1, 2, 3]) {
        const again = await state.rotate(rotation(id, 1))
        expect(again).to.deep.equal({ ...first, outcome: 'retried' })
      }
      expect(await state.rotate(rotation(id, 2))).to.include({ outcome: 'rotated', generation: 3 })
    })

    it('measures grace from the rotation, not from the last retry', async () => {
      const { id } = await state.openFamily(login())
      await state.rotate(rotation(id, 1))
      const last = await until(
        () => state.rotate(rotation(id, 1, { grace: 0.3 })),
        ({ outcome }) => outcome !== 'retried',
      )
      expect(last).to.deep.equal({ outcome: 'reused' })
      expect(await state.findFamily(id)).to.equal(undefined)
    })

    it('ends the family on reuse without grace, at once', async () => {
      const { id } = await state.openFamily(login())
      await state.rotate(rotation(id, 1, { grace: 0 }))
      expect(await state.rotate(rotation(id, 1, { grace: 0 }))).to.deep.equal({ outcome: 'reused' })
      expect(await state.findFamily(id)).to.equal(undefined)
      expect(await state.rotate(rotation(id, 2))).to.deep.equal({ outcome: 'gone' })
    })

    it('gives no grace for the time that a clock was set back by', async () => {
      for (const [grace, by] of [
        [0, 100],
        [10, 3_600_000],
      ] as const) {
        const { id } = await state.openFamily(login())
        await state.rotate(rotation(id, 1, { grace }))
        await store.putForward(id, by)
        expect(await state.rotate(rotation(id, 1, { grace }))).to.deep.equal({ outcome: 'reused' })
        expect(await state.findFamily(id)).to.equal(undefined)
      }
    })

    it('goes on with a login from before a clock was set back', async () => {
      const { id } = await state.openFamily(login())
      await state.rotate(rotation(id, 1))
      await store.putForward(id, 5_000)
      expect(await state.rotate(rotation(id, 1)), 'a retry').to.include({ outcome: 'retried' })
      for (const generation of [2, 3, 4]) {
        const turn = await state.rotate(rotation(id, generation))
        expect(turn).to.include({ outcome: 'rotated', generation: generation + 1 })
        expect(await state.findFamily(id)).to.deep.equal('family' in turn && turn.family)
      }
      expect(await state.rotate(rotation(id, 4))).to.include({ outcome: 'retried' })
    })

    it('has no grace for grandparents', async () => {
      const { id } = await state.openFamily(login())
      await state.rotate(rotation(id, 1))
      await state.rotate(rotation(id, 2))
      expect(await state.rotate(rotation(id, 1))).to.deep.equal({ outcome: 'reused' })
      expect(await state.findFamily(id)).to.equal(undefined)
    })

    it('has no parent before the first generation', async () => {
      const { id } = await state.openFamily(login())
      expect(await state.rotate(rotation(id, 0))).to.deep.equal({ outcome: 'reused' })
      expect(await state.findFamily(id)).to.equal(undefined)
    })

    it('ends a family whose store lost a write', async () => {
      const { id } = await state.openFamily(login())
      expect(await state.rotate(rotation(id, 2))).to.deep.equal({ outcome: 'reused' })
      expect(await state.findFamily(id)).to.equal(undefined)
    })

    it('has one winner of a hundred without grace, and ends the family', async () => {
      for (let round = 0; round < 5; round++) {
        const { id } = await state.openFamily(login())
        const turns = await hundred((each) => each.rotate(rotation(id, 1, { grace: 0 })))
        const outcomes = turns.map(({ outcome }) => outcome)
        expect(outcomes.filter((outcome) => outcome === 'rotated')).to.have.lengthOf(1)
        expect(outcomes.filter((outcome) => outcome === 'reused')).to.have.lengthOf(1)
        expect(outcomes.filter((outcome) => outcome === 'gone')).to.have.lengthOf(98)
        expect(await state.findFamily(id)).to.equal(undefined)
      }
    })

    it('has one winner of a hundred within grace, and one successor for all', async () => {
      const { id } = await state.openFamily(login())
      const turns = await hundred((each) => each.rotate(rotation(id, 1)))
      expect(turns.filter(({ outcome }) => outcome === 'rotated')).to.have.lengthOf(1)
      expect(turns.filter(({ outcome }) => outcome === 'retried')).to.have.lengthOf(99)
      for (const turn of turns) expect(turn).to.include({ generation: 2 })
      expect(await state.findFamily(id)).to.include({ generation: 2 })
    })

    it('never survives an end that was acknowledged', async () => {
      const { id } = await state.openFamily(login())
      let generation = 1
      const rotating = (async () => {
        for (;;) {
          const turn = await state.rotate(rotation(id, generation))
          if (turn.outcome !== 'rotated') return turn.outcome
          generation = turn.generation
          // SQLite answers without ever leaving the thread to anybody else.
          await otherWork()
        }
      })()
      await until(
        () => generation,
        (reached) => reached > 3,
      )
      await (states[1] ?? state).endFamily(id)
      expect(await state.findFamily(id)).to.equal(undefined)
      expect(await rotating).to.equal('gone')
    })
  })

  describe('tokens', () => {
    it('of a family live as long as it does', async () => {
      const family = await state.openFamily(login())
      const { sub, clientId } = family
      const issued = token({ family: family.id, sub, clientId })
      expect(await isLive(issued)).to.equal(true)
      await state.endFamily(family.id)
      expect(await isLive(issued)).to.equal(false)
      expect(await isLive({ ...issued, family: fresh('family') })).to.equal(false)
    })

    it('come with the family they are of, and borrow no other', async () => {
      const family = await state.openFamily(login())
      const { sub, clientId } = family
      const issued = token({ family: family.id, sub, clientId })
      expect(await state.tokenStanding(issued)).to.deep.equal({ live: true, family })
      expect(await state.tokenStanding(token())).to.deep.equal({ live: true })
      expect(await isLive({ ...issued, sub: fresh('user') })).to.equal(false)
      expect(await isLive({ ...issued, clientId: fresh('client') })).to.equal(false)
    })

    it('are revoked one by one', async () => {
      const family = await state.openFamily(login())
      const { sub, clientId } = family
      const first = token({ family: family.id, sub, clientId })
      const second = token({ family: family.id, sub, clientId })
      const alone = token()
      await state.revokeToken(first.jti, 60)
      await state.revokeToken(alone.jti, 60)
      expect(await isLive(first)).to.equal(false)
      expect(await isLive(alone)).to.equal(false)
      expect(await isLive(second)).to.equal(true)
      expect(await state.findFamily(family.id)).to.deep.equal(family)
    })

    it('are forgotten with their remaining life, and not before', async () => {
      const short = token()
      const long = token()
      await state.revokeToken(long.jti, 60)
      await state.revokeToken(short.jti, 0.2)
      await state.revokeToken(token().jti, 0)
      await until(
        () => isLive(short),
        (live) => live,
      )
      expect(await isLive(long)).to.equal(false)
    })
  })

  describe('cut-offs', () => {
    for (const kind of ['user', 'client', 'everything'] as const) {
      it(`of ${kind} end families of the same millisecond and no later one`, async () => {
        const [sub, clientId] = [fresh('user'), fresh('client')]
        const target = { user: { kind, sub }, client: { kind, clientId }, everything: { kind } }[
          kind
        ]
        const family = await state.openFamily(login({ sub, clientId }))
        const issued = token({ family: family.id, sub, clientId })

        await state.cutOff(target as Parameters<State['cutOff']>[0], family.createdAt - 1)
        expect(await state.findFamily(family.id)).to.deep.equal(family)
        expect(await isLive(issued)).to.equal(true)

        await state.cutOff(target as Parameters<State['cutOff']>[0], family.createdAt)
        expect(await state.findFamily(family.id)).to.equal(undefined)
        expect(await state.familiesOf(sub, 10)).to.deep.equal([])
        expect(await isLive(issued)).to.equal(false)
        const owned = rotation(family.id, 1, { owner: { sub, clientId } })
        expect(await state.rotate(owned)).to.deep.equal({ outcome: 'gone' })
        expect(await state.rotate(rotation(family.id, 1))).to.deep.equal({ outcome: 'gone' })

        await until(Date.now, (now) => now > family.createdAt + 1)
        const later = await state.openFamily(login({ sub, clientId }))
        expect(await state.findFamily(later.id)).to.deep.equal(later)
      })
    }

    it('mean now when they name no time', async () => {
      const family = await state.openFamily(login())
      const other = await state.openFamily(login())
      await state.cutOff({ kind: 'user', sub: family.sub })
      expect(await state.findFamily(family.id)).to.equal(undefined)
      expect(await state.findFamily(other.id)).to.deep.equal(other)
    })

    it('never move back', async () => {
      const family = await state.openFamily(login())
      const target = { kind: 'user', sub: family.sub } as const
      await state.cutOff(target, family.createdAt + 5)
      await state.cutOff(target, family.createdAt - 5000)
      expect(await state.findFamily(family.id)).to.equal(undefined)
    })

    it('do not mask one another', async () => {
      const clientId = fresh('client')
      const family = await state.openFamily(login({ clientId }))
      await state.cutOff({ kind: 'client', clientId }, family.createdAt)
      await state.cutOff({ kind: 'user', sub: family.sub }, family.createdAt - 5000)
      expect(await state.findFamily(family.id)).to.equal(undefined)
      const reverse = await state.openFamily(login({ clientId: fresh('client') }))
      await state.cutOff({ kind: 'user', sub: reverse.sub }, reverse.createdAt)
      await state.cutOff({ kind: 'client', clientId: reverse.clientId }, reverse.createdAt - 5000)
      expect(await state.findFamily(reverse.id)).to.equal(undefined)
    })

    it('do not take a user for the client of the same name', async () => {
      const name = fresh('name')
      const family = await state.openFamily(login({ sub: name }))
      await state.cutOff({ kind: 'client', clientId: name })
      expect(await state.findFamily(family.id)).to.deep.equal(family)
    })

    it('compare a token without family by its whole second', async () => {
      const { sub, issuedAt, ...rest } = token()
      const at = issuedAt * 1000
      const iat = (seconds: number) => ({ ...rest, sub, issuedAt: seconds })
      await state.cutOff({ kind: 'user', sub }, at + 500)
      expect(await isLive(iat(issuedAt))).to.equal(false)
      expect(await isLive(iat(issuedAt + 1))).to.equal(true)
      await state.cutOff({ kind: 'user', sub }, at + 1000)
      expect(await isLive(iat(issuedAt + 1))).to.equal(false)
      expect(await isLive(iat(issuedAt + 2))).to.equal(true)
    })
  })

  describe('records', () => {
    it('are found as saved until removed', async () => {
      const id = fresh('record')
      expect(await state.find('AccessToken', id)).to.equal(undefined)
      const record = { text: 'ü', list: [1, null, { a: true }], '': '', big: 'x'.repeat(200_000) }
      await state.save('AccessToken', id, record, 60)
      expect(await state.find('AccessToken', id)).to.deep.equal(record)
      expect(await state.find('Session', id)).to.equal(undefined)
      await state.save('AccessToken', id, { second: 1 }, 60)
      expect(await state.find('AccessToken', id)).to.deep.equal({ second: 1 })
      await state.remove('AccessToken', id)
      await state.remove('AccessToken', id)
      expect(await state.find('AccessToken', id)).to.equal(undefined)
    })

    it('expire', async () => {
      const id = fresh('record')
      await state.save('AccessToken', id, { a: 1 }, 0.2)
      expect(await state.find('AccessToken', id)).to.deep.equal({ a: 1 })
      await until(
        () => state.find('AccessToken', id),
        (record) => record === undefined,
      )
      await state.save('AccessToken', id, { a: 1 }, 0)
      expect(await state.find('AccessToken', id)).to.equal(undefined)
    })

    it('do not confuse kind and id', async () => {
      for (const [i, name] of awkward.entries()) await state.save(`k${name}`, `${name}i`, { i }, 60)
      for (const [i, name] of awkward.entries()) {
        expect(await state.find(`k${name}`, `${name}i`)).to.deep.equal({ i })
      }
      await state.save('a:b', 'c', { which: 1 }, 60)
      await state.save('a', 'b:c', { which: 2 }, 60)
      expect(await state.find('a:b', 'c')).to.deep.equal({ which: 1 })
    })
  })

  describe('once', () => {
    it('is true for one of a hundred', async () => {
      const id = fresh('assertion')
      const first = await hundred((each) => each.once(id, 60))
      expect(first.filter((won) => won)).to.have.lengthOf(1)
      expect(await state.once(fresh('assertion'), 60)).to.equal(true)
    })

    it('is true again when its time is over', async () => {
      const id = fresh('assertion')
      expect(await state.once(id, 0.2)).to.equal(true)
      await until(
        () => state.once(id, 0.2),
        (won) => won,
      )
      expect(await state.once(id, 0.2)).to.equal(false)
    })
  })

  keepsBudgets(() => states)
  logsRevocations(
    () => states,
    () => store.empty(),
  )
  keepsKeyRecords(
    () => states,
    () => store.empty(),
  )
  keepsStatuses(
    () => states,
    () => store.empty(),
  )

  describe('the store', () => {
    it('answers', async () => {
      await Promise.all(states.map((each) => each.check()))
      expect(await state.find('AccessToken', fresh('record'))).to.equal(undefined)
    })

    it('has one epoch for all, and another when its contents are gone', async () => {
      const epochs = await hundred((each) => each.epoch())
      expect(new Set(epochs).size).to.equal(1)
      const { id } = await state.openFamily(login())
      await store.empty()
      const renewed = await state.epoch()
      expect(renewed).to.be.a('string').and.not.equal(epochs[0])
      expect(await (states[1] ?? state).epoch()).to.equal(renewed)
      expect(await state.findFamily(id)).to.equal(undefined)
    })
  })
}
