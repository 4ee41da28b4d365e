import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { folderHome } from '../../src/keys/folder-home.ts'
import { emptyRing, promote, type Ring, stage } from '../../src/keys/ring.ts'
import { changeRing } from '../../src/keys/ring-home.ts'
import { createVault } from '../../src/keys/vault.ts'
import { setClock } from './clock.ts'
import { everywhere, type Fault } from './fault.ts'

const name = (moment: string) => `server killed ${moment} a state call`

/** Seconds: an hour and a day, ahead and back. */
const leaps = [3600, -3600, 86_400, -86_400] as const

/** What happens to the servers themselves. */
export const serverFaults: readonly Fault[] = [
  { name: 'none', on: everywhere, strike: () => pause(500) },
  ...(['before', 'during', 'after'] as const).map(
    (moment): Fault => ({
      name: name(moment),
      on: everywhere,
      strike: ({ fleet, random }) =>
        fleet.restart(random.below(2), async (server) => {
          server.order({ killAt: { after: random.below(40), moment } })
          // Where the store is away no call may come.
          await Promise.race([server.ended, pause(3000, undefined, { ref: false })])
          await server.end('SIGKILL')
        }),
    }),
  ),
  {
    name: 'server restarted',
    on: everywhere,
    strike: ({ fleet, random }) =>
      fleet.restart(random.below(2), (server) => server.end('SIGTERM')),
  },
  {
    name: 'server frozen',
    on: everywhere,
    strike: ({ fleet, random }) => fleet.pauseFor(random.below(2), pause(100 + random.below(1500))),
  },
  {
    name: 'new signing key, at once',
    on: everywhere,
    async strike({ folder }) {
      const home = folderHome(join(folder, 'keys'))
      const fresh = await createVault().create('ES256')
      const change = (work: (ring: Ring) => Ring) =>
        changeRing(home, (ring) => work(ring ?? emptyRing('none', { plain: '' })))
      await change((ring) => stage(ring, [fresh], Date.now()))
      await pause(4000)
      await change((ring) => promote(ring, fresh.publicJwk.kid, Date.now(), 3900))
    },
  },
  {
    name: "the servers' clock jumps",
    on: everywhere,
    movesClock: true,
    async strike({ folder, random }) {
      setClock(folder, random.pick(leaps))
      await pause(500 + random.below(1000))
      setClock(folder, 0)
      await pause(500)
    },
  },
]
