import { programs } from '../parts/redis.ts'
import { conformsToState } from './conformance.ts'
import { oneServer, refusesUnsafeServers } from './one-server.ts'
import { servesEveryTopology } from './topologies.ts'

const program = 'valkey-server'

// Where it cannot be had, scripts/bootstrap says that nothing is tested on it.
if (programs.includes(program)) {
  describe('state in Valkey', () => {
    conformsToState(oneServer(program))
    refusesUnsafeServers(program)
    servesEveryTopology(program, ['freezes'])
  })
}
