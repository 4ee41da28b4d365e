import { chmod, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'chai'
import { compactVerify, importJWK } from 'jose'
import { algorithms } from '../../src/keys/algorithms.ts'
import { KeyUnavailable } from '../../src/keys/current.ts'
import type { KeyStore } from '../../src/keys/key-store.ts'
import { jwksCached } from '../../src/keys/lifecycle.ts'
import { cut, promote, type Ring, stage } from '../../src/keys/ring.ts'
import type { KeyEvent } from '../../src/keys/ring-changes.ts'
import { changeRing, type RingHome } from '../../src/keys/ring-home.ts'
import { createVault } from '../../src/keys/vault.ts'
import { StateUnavailable } from '../../src/state/state.ts'
import { day, ringScene, schedule, states, timed, toldClock } from '../parts/key-ring.ts'
import { until } from '../parts/until.ts'

const vault = createVault()
const permissions = async (path: string) => (await stat(path)).mode & 0o777
const becomes = (store: KeyStore, wanted: string) =>
  until(
    () => store.current(),
    (keys) => states(keys) === wanted,
  )

/** Another ring, as a command makes it. */
const change = (home: RingHome, work: (ring: Ring) => Ring) =>
  changeRing(home, (found) => {
    if (!found) throw new Error('there is no ring')
    return work(found)
  })

describe('the key store', () => {
  it('makes the ring at the first start, for its owner alone', async () => {
    await using at = await ringScene()
    const store = await at.open(toldClock(), {
      schedule: { ...schedule, algorithms: ['ES256', 'EdDSA'] },
    })
    expect(await readdir(at.folder)).to.deep.equal(['ring.1.json'])
    expect(await permissions(at.folder)).to.equal(0o700)
    expect(await permissions(join(at.folder, 'ring.1.json'))).to.equal(0o600)
    expect(states(store.current())).to.equal('current current')
    expect(store.current().refreshTokenKey.symmetricKeySize).to.equal(32)
  })

  it('finds the same keys at the next start', async () => {
    await using at = await ringScene()
    const kidsAndSecret = async () => {
      const store = await at.open(toldClock())
      const { keys, refreshTokenKey } = store.current()
      return [...keys.map(({ kid }) => kid), refreshTokenKey.export().toString('hex')]
    }
    expect(await kidsAndSecret()).to.deep.equal(await kidsAndSecret())
  })

  it('takes a folder that others could list for itself', async () => {
    await using at = await ringScene()
    await at.home.prepare()
    await chmod(at.folder, 0o755)
    await at.open(toldClock())
    expect(await permissions(at.folder)).to.equal(0o700)
  })

  for (const inStore of [false, true]) {
    it(`publishes, promotes and retires keys as time passes, in ${inStore ? 'the store' : 'a folder'}`, async () => {
      await using at = await ringScene({ inStore })
      const clock = toldClock()
      const events: KeyEvent[] = []
      const store = await at.open(clock, { onEvent: (event) => events.push(event) })
      const [first] = store.current().keys
      clock.pass(29 * day)
      const published = await becomes(store, 'current next')
      await at.looked()
      clock.pass(day)
      const promoted = await becomes(store, 'previous current')
      await at.looked()
      expect(promoted.keys[1]?.kid).to.equal(published.keys[1]?.kid)
      clock.pass(schedule.retention * 1000)
      await becomes(store, 'current')
      expect((await at.ring()).keys).to.have.lengthOf(1)
      expect(events.map(({ event, kid }) => [event, kid === first?.kid])).to.deep.equal([
        ['key.staged', false],
        ['key.superseded', true],
        ['key.promoted', false],
        ['key.retired', true],
      ])
      if (!inStore) expect(await readdir(at.folder)).to.deep.equal(['ring.4.json'])
    })
  }

  it('gives a new set for every change and leaves the old one as it was', async () => {
    await using at = await ringScene()
    const store = await at.open(toldClock())
    const before = store.current()
    const fresh = await vault.create('ES256')
    await change(at.home, (ring) => stage(ring, [fresh], toldClock().now()))
    const after = await becomes(store, 'current next')
    expect(states(before)).to.equal('current')
    expect(Object.isFrozen(after.keys)).to.equal(true)
  })

  it('keeps publishing a key whose algorithm is no longer in use', async () => {
    await using at = await ringScene()
    await at.open(toldClock(), { schedule: { ...schedule, algorithms: ['RS256'] } })
    const store = await at.open(toldClock())
    const found = store.current().keys.map(({ algorithm }) => algorithm)
    expect(found).to.have.members(['ES256', 'RS256'])
  })

  it('is not promoted where an instance has not published the key, until that one is gone', async () => {
    await using at = await ringScene()
    const clock = toldClock()
    const store = await at.open(clock)
    const { id } = await at.ring()
    const late = { instance: 'late', ring: id, version: 1, signed: {} }
    await at.state.reportKeys(late, 60)
    clock.pass(29 * day)
    await becomes(store, 'current next')
    clock.pass(10 * day)
    const { version } = await at.ring()
    await at.looked()
    expect(states(store.current())).to.equal('current next')
    expect((await at.ring()).version).to.equal(version)
    expect(store.load().nextStepIn).to.be.a('number')
    await at.state.reportKeys(late, 0)
    await at.looked()
    clock.pass(jwksCached * 1000)
    await becomes(store, 'previous current')
  })

  it('holds for its time whatever a clock says: neither promoted nor retired early', async () => {
    await using at = await ringScene()
    const clock = toldClock()
    const punctual = await at.open(clock)
    clock.pass(29 * day)
    await becomes(punctual, 'current next')
    let leap = 2 * day
    const ahead = await at.open(clock, { records: timed(at.state, () => clock.now() + leap) })
    await at.looked()
    // By its clock the day is over for which the key is published; in truth not even the cache of the JWK Set.
    clock.pass((jwksCached - 1) * 1000)
    await at.looked()
    expect(states(ahead.current())).to.equal('current next')
    clock.pass(1000)
    for (const store of [punctual, ahead]) await becomes(store, 'previous current')
    await at.looked()
    leap = 4 * day
    clock.pass((schedule.retention - 1) * 1000)
    await at.looked()
    expect(states(ahead.current())).to.equal('previous current')
    clock.pass(1000)
    for (const store of [punctual, ahead]) await becomes(store, 'current')
  })

  it('takes no step while the store cannot be asked, and goes on signing', async () => {
    await using at = await ringScene()
    const clock = toldClock()
    let away = false
    let asked = 0
    const records = {
      ...timed(at.state, clock.now),
      reportKeys: async (...words: Parameters<typeof at.state.reportKeys>) => {
        asked += 1
        if (away) throw new StateUnavailable('away')
        await at.state.reportKeys(...words)
      },
    }
    const store = await at.open(clock, { records })
    away = true
    clock.pass(40 * day)
    await until(
      () => asked,
      (count) => count > 8,
    )
    expect(states(store.current())).to.equal('current')
    store.check()
    away = false
    await becomes(store, 'current next')
  })

  it('puts back what it serves when the ring is lost, or an older copy of it comes back', async () => {
    await using at = await ringScene()
    const store = await at.open(toldClock())
    const old = await readFile(join(at.folder, 'ring.1.json'), 'utf8')
    const fresh = await vault.create('ES256')
    const [{ kid = '' } = {}] = store.current().keys
    await change(at.home, (ring) =>
      cut(ring, kid, fresh, { now: toldClock().now(), retention: 60 }),
    )
    const after = await until(
      () => store.current(),
      ({ keys }) => keys[0]?.kid === fresh.publicJwk.kid,
    )
    expect(states(after)).to.equal('current')

    await rm(join(at.folder, 'ring.2.json'))
    await writeFile(join(at.folder, 'ring.1.json'), old, { mode: 0o600 })
    const ring = await until(
      () => at.ring(),
      ({ version }) => version === 3,
    )
    expect(ring.keys.map((key) => `${key.kid} ${key.state}`)).to.deep.equal([
      `${kid} cut`,
      `${fresh.publicJwk.kid} current`,
    ])
    // What is lost before the server has read it again is put back as the version it was.
    await at.looked()
    await rm(join(at.folder, 'ring.3.json'))
    await until(
      () => at.home.read(),
      (found) => found?.version === 4,
    )
    expect(store.current().keys.map((key) => key.kid)).to.deep.equal([fresh.publicJwk.kid])
  })

  it('stops signing with a key that was cut though it cannot open the one that follows', async () => {
    await using at = await ringScene()
    const faults: string[] = []
    const store = await at.open(toldClock(), { onFault: (fault) => faults.push(String(fault)) })
    const [{ kid = '' } = {}] = store.current().keys
    const { publicJwk } = await vault.create('ES256')
    const unusable = { material: { sealed: 'by another' }, publicJwk }
    await change(at.home, (ring) =>
      cut(ring, kid, unusable, { now: toldClock().now(), retention: 60 }),
    )
    await becomes(store, '')
    expect(() => store.check()).to.throw(KeyUnavailable)
    await until(
      () => faults,
      ({ length }) => length > 0,
    )
    expect(faults.join()).to.match(/is sealed/)
  })

  it('goes on with its keys, and says so once, when the folder is spoiled while it runs', async () => {
    await using at = await ringScene()
    const faults: string[] = []
    const store = await at.open(toldClock(), { onFault: (fault) => faults.push(String(fault)) })
    const before = store.current()
    await writeFile(join(at.folder, 'ring.2.json'), '{"kid":"tr', { mode: 0o600 })
    await at.looked()
    expect(faults).to.have.lengthOf(1)
    expect(faults[0]).to.match(/ring\.2\.json is truncated/)
    expect(store.current()).to.equal(before)
  })

  it('refuses to keep keys as they are in a store that others see', async () => {
    await using at = await ringScene({ inStore: true })
    const fault = await at.open(toldClock(), { vault }).catch(String)
    expect(fault).to.match(/must be sealed: set keys\.seal/)
    expect(await at.home.read()).to.equal(undefined)
  })
})

describe('signatures by the keys', () => {
  it('verify with jose, whatever the algorithm, and are counted when they are of tokens', async () => {
    await using at = await ringScene()
    const tokens: string[] = []
    const store = await at.open(toldClock(), {
      schedule: { ...schedule, algorithms },
      onToken: (kid) => tokens.push(kid),
    })
    const encode = (part: object) => Buffer.from(JSON.stringify(part)).toString('base64url')
    for (const { algorithm, kid, publicJwk, sign, signToken } of store.current().keys) {
      const input = `${encode({ alg: algorithm, kid })}.${encode({ sub: 'johndoe' })}`
      await sign(Buffer.from(input))
      const signature = await signToken(Buffer.from(input))
      expect(tokens.at(-1)).to.equal(kid)
      const jws = `${input}.${signature.toString('base64url')}`
      const verified = await compactVerify(jws, await importJWK({ ...publicJwk }))
      expect(JSON.parse(Buffer.from(verified.payload).toString())).to.deep.equal({ sub: 'johndoe' })
    }
    expect(tokens).to.have.lengthOf(algorithms.length)
    await store.close()
    const { signed } = await at.state.keyReports(tokens)
    expect(Object.values(signed)).to.deep.equal(algorithms.map(() => 1))
  })

  it('are at hand at once for ES256 and EdDSA, which must not wait in the pool of the hashes', async () => {
    await using at = await ringScene()
    const store = await at.open(toldClock(), {
      schedule: { ...schedule, algorithms: ['ES256', 'EdDSA'] },
    })
    for (const key of store.current().keys)
      expect(key.sign(Buffer.from('x')), key.algorithm)
        .to.be.instanceOf(Buffer)
        .with.lengthOf(64)
  })

  it('are made by no key that is superseded', async () => {
    await using at = await ringScene()
    const store = await at.open(toldClock())
    const fresh = await vault.create('ES256')
    await change(at.home, (ring) => stage(ring, [fresh], toldClock().now()))
    await change(at.home, (ring) => promote(ring, fresh.publicJwk.kid, toldClock().now(), 60))
    const { keys } = await becomes(store, 'previous current')
    expect(keys[0]?.sign(Buffer.from('x'))).to.be.instanceOf(Buffer)
    const again = await at.open(toldClock())
    expect(() => again.current().keys[0]?.sign(Buffer.from('x'))).to.throw(KeyUnavailable)
  })
})
