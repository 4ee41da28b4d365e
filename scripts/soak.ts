import { parseArgs } from 'node:util'
import { startRedis } from '../test/parts/redis.ts'
import { temporaryFolder } from '../test/parts/temporary-folder.ts'
import { soak } from '../test/soak/run.ts'
import { startSoakedServer } from '../test/soak/server.ts'

/**
 * npm run soak [-- --minutes 10 --workers 2 --rate 100 --store redis]: everything at once, right and wrong, at
 * so many actions a second. Fails when memory or open files rise, when an answer is none of its
 * action's, and when the server says anything on standard error.
 */
const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '10' },
    workers: { type: 'string', default: '2' },
    rate: { type: 'string', default: '100' },
    store: { type: 'string', default: 'redis' },
  },
})
await using folder = await temporaryFolder()
const redis = values.store === 'redis' ? await startRedis() : undefined
const state = redis?.url ?? `sqlite:${folder.path}/state.sqlite`
const server = await startSoakedServer(folder.path, state, Number(values.workers))
try {
  const { answers, processes, faults } = await soak(
    server,
    Number(values.minutes) * 60,
    Number(values.rate),
  )
  for (const [action, statuses] of Object.entries(answers)) {
    console.log(`${action.padEnd(20)} ${JSON.stringify(statuses)}`)
  }
  for (const { pid, memory, memoryRise, handles, handlesRise } of processes) {
    console.log(
      `process ${pid}: ${memory.toFixed(0)} MB, rise ${memoryRise.toFixed(1)}; ${handles} open files, rise ${handlesRise.toFixed(1)}`,
    )
  }
  for (const fault of faults) console.error(`fault: ${fault}`)
  process.exitCode = faults.length === 0 ? 0 : 1
} finally {
  await server.stop()
  await redis?.stop()
}
