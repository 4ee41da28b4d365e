import { parseArgs } from 'node:util'
import { throttle } from '../src/config/schema-limits.ts'
import { type RedisServer, startRedis } from '../test/parts/redis.ts'
import { type Outcome, stuff } from '../test/stuffing/run.ts'
import { fromWithin } from '../test/stuffing/scenarios.ts'

/**
 * npm run stuffing [-- --store redis --guesses 500]: guesses at passwords in several ways, while users
 * log in, with the limits as they are unless configured. Fails when a user is kept out at home, or when
 * more guesses reach the hash than the limits allow.
 */
const { values } = parseArgs({
  options: {
    store: { type: 'string', default: 'sqlite' },
    guesses: { type: 'string', default: '500' },
  },
})
const limits = throttle.parse({})

/** How many guesses the limits allow in the time it took. */
function allowed({ scenario: { bound }, took }: Outcome): number {
  if (bound.by !== 'account') {
    const { limit, window } = limits[bound.by]
    return limit * Math.ceil(took / window) * bound.times
  }
  const { free, delay, longest } = limits.account
  let count = free
  for (let at = delay, next = delay; at < took; at += next) {
    count += 1
    next = Math.min(longest, next * 2)
  }
  return count * bound.times
}

const print = (...columns: readonly (string | number)[]) =>
  process.stdout.write(
    `${columns.map((each, i) => (i === 0 ? String(each).padEnd(40) : String(each).padStart(13))).join('')}\n`,
  )

const servers: RedisServer[] = []
const redis = async () => {
  const server = await startRedis()
  servers.push(server)
  return server.url
}
const size = Number(values.guesses)
const state = values.store === 'redis' ? { state: redis } : {}
let faults = 0
try {
  print('', 'guesses', 'reached hash', 'allowed', 'at home', 'refused', 'elsewhere', 'refused')
  for await (const outcome of stuff({ size, ...state })) {
    const { scenario, guesses, fromHome, fromElsewhere } = outcome
    const most = allowed(outcome) + fromWithin(scenario)
    print(
      scenario.name,
      ...[guesses.sent, guesses.judged, most],
      ...[fromHome.sent, fromHome.refused],
      ...[fromElsewhere.sent, fromElsewhere.refused],
    )
    if (fromHome.refused > 0 || guesses.judged > most) faults += 1
  }
} finally {
  for (const server of servers) await server.stop()
}
process.exitCode = faults === 0 ? 0 : 1
