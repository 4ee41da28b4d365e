import { expect } from 'chai'
import { rotateQuickly } from '../parts/quick-rotations.ts'
import { until } from '../parts/until.ts'
import { type Issued, type RotationScene, rotationScene } from './rotation-scene.ts'

const [minute, hour, day] = [60, 3600, 86_400]

/** Seconds for which each may go on with the JWK Set that it has (docs/keys.md). */
const bounds = {
  jose: 600,
  'jwks-rsa': 600,
  PyJWKClient: 300,
  'our SDK alone': 300,
  'our SDK': 5,
} as const

describe('two servers and five kinds of APIs, while time passes', function () {
  this.timeout(180_000)
  let scene: RotationScene
  const ledger: Issued[] = []

  before(async () => {
    scene = await rotationScene()
  })
  after(() => scene[Symbol.asyncDispose]())

  /** Both servers issue, and every token that is alive and not by one of these keys is good for every API. */
  async function use(...cut: readonly string[]): Promise<string[]> {
    const fresh = await scene.issue()
    ledger.push(...fresh)
    const valid = ledger.filter(({ exp, kid }) => exp - 20 > scene.now() && !cut.includes(kid))
    await Promise.all(
      scene.verifiers.map(async ({ kind, judge }) => {
        for (const { token, kid } of valid)
          expect(await judge(token), `${kind} of a token by ${kid}`).to.equal('good')
      }),
    )
    return fresh.map(({ kid }) => kid)
  }

  const published = async (seen: (kids: string[]) => boolean) => {
    const [kids = []] = await until(scene.published, (sets) => sets.every(seen), 30_000)
    return kids
  }
  const two = ({ length }: string[]) => length === 2
  const one = ({ length }: string[]) => length === 1

  /** To a step of the ring: copies of the JWK Set are made just before, so that they are fresh, too fresh for some to ask again. */
  async function reach(moment: number): Promise<void> {
    await scene.passTo(moment - 12)
    await use()
    await scene.pass(15)
  }

  it('refuse no valid token through two rotations', async () => {
    let [current = ''] = await use()
    const signers = new Set([current])
    for (const _ of [1, 2]) {
      const since = scene.signsSince()
      await reach(since + 29 * day)
      expect(await use()).to.deep.equal([current, current])
      await scene.settle()
      const kids = await published(two)
      expect(await use()).to.deep.equal([current, current])

      await reach(since + 30 * day)
      await use()
      await scene.settle()
      const [next = '', other] = await use()
      expect(kids).to.have.members([current, next])
      expect(other).to.equal(next)
      current = next
      signers.add(next)

      await scene.pass(13 * minute)
      await use()
      await scene.passTo(scene.signsSince() + 15 * minute + hour - minute)
      expect(await published(two), 'an hour for clocks that differ').to.deep.equal(kids)
      await scene.pass(2 * minute)
      await scene.settle()
      expect(await published(one)).to.deep.equal([next])
      await use()
    }
    expect(signers.size).to.equal(3)
  })

  it('accept no token by a key that was cut, each after its bound', async () => {
    await scene.pass(29 * day)
    await scene.settle()
    await published(two)
    const [stolen = '', other] = await use()
    expect(other).to.equal(stolen)
    const { token } = ledger.at(-1) ?? { token: '' }

    const said = await scene.keys('emergency', stolen, '--yes')
    const cutAt = scene.now()
    const [successor = ''] = await published((kids) => !kids.includes(stolen))
    expect(said).to.include(`${successor} signs now`)
    expect(await scene.introspected(token)).to.deep.equal([false, false])
    await until(
      () => scene.judged(token),
      (outcomes) => outcomes['our SDK'] !== 'good',
    )
    for (const seconds of [0, 240, 310, 540, 610]) {
      if (seconds > 0) await scene.passTo(cutAt + seconds)
      expect(await use(stolen)).to.deep.equal([successor, successor])
      for (const [kind, outcome] of Object.entries(await scene.judged(token))) {
        const late = bounds[kind as keyof typeof bounds] <= seconds || kind === 'our SDK'
        expect(outcome === 'good', `${kind} after ${seconds} s: ${outcome}`).to.equal(!late)
      }
    }

    // Without a key at hand one is made: who has just asked for keys asks again half a minute later.
    await scene.keys('emergency', successor, '--yes')
    await published((kids) => !kids.includes(successor))
    await scene.rest(31)
    await use(stolen, successor)
  })
})

describe('two servers whose keys change every few seconds', function () {
  this.timeout(120_000)

  it('refuse no valid token and no request (npm run rotations has a hundred changes)', async () => {
    const { rotations, issued, verified, refused, failed } = await rotateQuickly(2)
    expect({ refused, failed }).to.deep.equal({ refused: {}, failed: {} })
    expect(rotations).to.be.at.least(2)
    expect(verified).to.be.at.least(issued)
  })
})
