import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { expect } from 'chai'
import type { Weights } from './acts.ts'
import { type Bench, startBench } from './bench.ts'
import type { BugName } from './bugs.ts'
import type { Scene } from './fault.ts'
import { faults } from './faults.ts'

/** Milliseconds of work after which a bug counts as unseen, and between two looks. */
const patience = 20_000
const look = 200

interface Circumstances {
  /** What the clients do above all. */
  readonly weights?: Weights
  readonly trouble?: (scene: Scene) => Promise<void>
}

/** The invariants that are seen broken; it ends with the expected one. */
async function seen(
  { scene, workload, violations }: Bench,
  expected: string,
  { weights, trouble = async () => {} }: Circumstances = {},
  deadline = performance.now() + patience,
): Promise<string[]> {
  let broken: string[] = []
  let over = false
  const working = workload.run(6, () => over, weights)
  while (!over) {
    await trouble(scene)
    await pause(look)
    broken = [...new Set(violations().map(({ invariant }) => invariant))]
    over = broken.includes(expected) || performance.now() > deadline
  }
  await working
  return broken
}

const strike = (name: string) => async (scene: Scene) => {
  await faults.find((fault) => fault.name === name)?.strike(scene)
}

describe('planted bugs are seen', function () {
  this.timeout(60_000)

  describe('in the store', () => {
    const reusing = { refresh: 4, reuse: 3, introspect: 1 }
    const revoking = { refresh: 2, introspect: 2, revoke: 2 }
    const expectations: Record<BugName, readonly [invariant: string, Weights, fault?: string]> = {
      'consumes in two steps': ['I2', { race: 4 }],
      'gives grace to grandparents': ['I2', reusing],
      'gives grace for ever': ['I2', { retry: 1, refresh: 1 }],
      'takes a retry for a reuse': ['I2', { retry: 1, refresh: 2 }],
      'does not end the login on reuse': ['I2', reusing],
      'gives a retry another successor': ['I2', { retry: 1, refresh: 1 }],
      'revokes tokens in its own memory alone': ['I1', { revokeAccess: 1 }],
      'forgets a revoked token before it expires': ['I1', { revokeAccess: 1 }],
      'acknowledges a revocation before it is written': ['I1', revoking],
      'takes an unknown revocation for done': ['I1', revoking, 'Redis without enough replicas'],
      'believes what it read a while ago': ['I1', revoking],
      'writes cut-offs in seconds': ['I1', { cutOff: 1 }],
      'lives on after its contents are gone': ['I1', { logInClient: 3 }, 'Redis emptied'],
      "takes any client for the login's": ['I4', { asStranger: 1, cutOff: 1 }],
      'gives every refresh all scopes': ['I4', { askForMore: 1, cutOff: 1 }],
      'calls an outage its own fault': ['I6', {}, 'one server cut off'],
    }
    let bench: Bench

    before(async () => {
      bench = await startBench('redis', 1)
    })
    beforeEach(() => {
      bench.plant(null)
      bench.scene.history.forget()
    })
    after(() => bench[Symbol.asyncDispose]())

    it('and none where there is none', async () => {
      expect(await seen(bench, 'none', {}, performance.now() + 5000)).to.deep.equal([])
    })
    for (const [bug, [invariant, weights, fault]] of Object.entries(expectations)) {
      it(`that ${bug}${fault ? `, while this: ${fault}` : ''}`, async () => {
        bench.plant(bug as BugName)
        const trouble = fault ? { trouble: strike(fault) } : {}
        expect(await seen(bench, invariant, { weights, ...trouble })).to.include(invariant)
      })
    }
  })

  it('of a server with keys of its own', async () => {
    await using bench = await startBench('sqlite', 1, {
      different: (index, folder) => (index === 1 ? { keys: join(folder, 'other-keys') } : {}),
    })
    expect(await seen(bench, 'I5', { weights: { verify: 2 } })).to.include('I5')
  })

  it('of a server that does not look whether users are disabled', async () => {
    const columns = { id: 'id', username: 'username', password: 'hash' }
    await using bench = await startBench('sqlite', 1, {
      different: (index, folder) =>
        index === 1
          ? {
              users: [
                { type: 'sql', url: `sqlite:${folder}/users.sqlite`, table: 'users', columns },
              ],
            }
          : {},
    })
    expect(await seen(bench, 'I3', { weights: { disable: 1 } })).to.include('I3')
  })

  it('of servers that do not WAIT for a replica', async () => {
    await using bench = await startBench('sentinel', 1, {
      store: (options) => ({ ...options, replicas: 0 }),
    })
    const failover = strike('failover, the replica behind')
    const circumstances = {
      // Logins that are older than the delay of the replica, and end within it.
      weights: { refresh: 8, revoke: 2, lookAgain: 10 },
      async trouble(scene: Scene) {
        await failover(scene)
        await scene.fleet.ready()
      },
    }
    // A failover takes seconds, and not each undoes something.
    const broken = await seen(bench, 'I1', circumstances, performance.now() + 2 * patience)
    // A revocation is undone, or a generation that was spent.
    expect(broken).to.include.oneOf(['I1', 'I2'])
  })
})
