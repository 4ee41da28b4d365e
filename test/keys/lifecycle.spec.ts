import { expect } from 'chai'
import { age, dueAt, type KeyTimes } from '../../src/keys/lifecycle.ts'

const hour = 3_600_000
const day = 24 * hour
const schedule = { retention: 3900, publishAhead: 86_400, rotateEvery: 30 * 86_400 }

const key = (serial: number, activeAt: number): KeyTimes => ({
  algorithm: 'ES256',
  serial,
  createdAt: 0,
  activeAt,
})
const states = (keys: readonly KeyTimes[], now: number) =>
  Object.fromEntries(
    age(keys, now, schedule.retention).map(({ key, state }) => [key.serial, state]),
  )

describe('the life of a signing key', () => {
  const keys = [key(1, 0), key(2, 30 * day)]

  it('is next, current, previous and retired, by the clock alone', () => {
    expect(states(keys, 30 * day - 1)).to.deep.equal({ 1: 'current', 2: 'next' })
    expect(states(keys, 30 * day)).to.deep.equal({ 1: 'previous', 2: 'current' })
    const lastTokenDead = 30 * day + schedule.retention * 1000
    expect(states(keys, lastTokenDead - 1)).to.deep.equal({ 1: 'previous', 2: 'current' })
    expect(states(keys, lastTokenDead)).to.deep.equal({ 1: 'retired', 2: 'current' })
  })

  it('has one current key per algorithm', () => {
    const other: KeyTimes = { ...key(1, 5 * day), algorithm: 'RS256' }
    const current = age([...keys, other], 31 * day, schedule.retention).filter(
      ({ state }) => state === 'current',
    )
    expect(current.map(({ key }) => key.algorithm)).to.have.members(['ES256', 'RS256'])
  })

  it('lets a key made in an emergency sign at once, and the planned one later', () => {
    const emergency = [...keys, key(3, 29.5 * day)]
    expect(states(emergency, 29.5 * day)).to.deep.equal({ 1: 'previous', 2: 'next', 3: 'current' })
    expect(states(emergency, 30 * day)).to.deep.equal({
      1: 'retired',
      2: 'current',
      3: 'previous',
    })
  })

  it('lets the published key sign when the current one is gone', () => {
    expect(states([key(2, 30 * day)], 29 * day)).to.deep.equal({ 2: 'current' })
  })

  it('lets the later of two keys of one moment sign', () => {
    expect(states([key(1, 5), key(2, 5)], 5)).to.deep.equal({ 1: 'previous', 2: 'current' })
  })
})

describe('the key that is due', () => {
  const due = (keys: readonly KeyTimes[], now: number, changed = {}) =>
    dueAt(age(keys, now, schedule.retention), now, { ...schedule, ...changed })

  it('is the first one, at once', () => {
    expect(due([], 7)).to.equal(7)
  })

  it('is published a day before the current one has signed for 30 days', () => {
    expect(due([key(1, 0)], 29 * day - 1)).to.equal(undefined)
    expect(due([key(1, 0)], 29 * day)).to.equal(30 * day)
  })

  it('is published for its whole day after a time without a server', () => {
    expect(due([key(1, 0)], 100 * day)).to.equal(101 * day)
  })

  it('is none while another waits, or where rotation is off', () => {
    expect(due([key(1, 0), key(2, 101 * day)], 100 * day)).to.equal(undefined)
    expect(due([key(1, 0)], 100 * day, { rotateEvery: 0 })).to.equal(undefined)
  })
})
