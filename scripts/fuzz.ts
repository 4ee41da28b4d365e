import { parseArgs } from 'node:util'
import { freshBundle } from '../bench/serving.ts'
import { startProgram } from '../test/fuzz/program.ts'
import { fuzz } from '../test/fuzz/run.ts'

/**
 * npm run fuzz [-- --requests 1000000 --seed 42]: batches against a `latchkey serve` each, whose log is searched
 * for secrets after it. A failure says the seed of its batch, which alone brings it back.
 */
const { values } = parseArgs({
  options: {
    requests: { type: 'string', default: '100000' },
    seed: { type: 'string', default: String(Date.now() % 2 ** 31) },
  },
})
freshBundle()
const batch = 10_000
const wanted = Number(values.requests)
const start = performance.now()
const statuses: Record<string, number> = {}
let sent = 0

for (let seed = Number(values.seed); sent < wanted; seed += 1) {
  try {
    const result = await fuzz(() => startProgram(), Math.min(batch, wanted - sent), seed)
    sent += result.requests
    for (const [status, count] of Object.entries(result.statuses)) {
      statuses[status] = (statuses[status] ?? 0) + count
    }
  } catch (error) {
    process.stderr.write(`again with: npm run fuzz -- --requests ${batch} --seed ${seed}\n`)
    throw error
  }
}
const seconds = ((performance.now() - start) / 1000).toFixed(0)
process.stdout.write(
  `${sent} requests in ${seconds} s from seed ${values.seed}, no violation: ${JSON.stringify(statuses)}\n`,
)
