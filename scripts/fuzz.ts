import { parseArgs } from 'node:util'
import { fuzz } from '../test/fuzz/run.ts'

/** npm run fuzz [-- --requests 1000000 --seed 42]: prints the seed, so that a failure can be had again. */
const { values } = parseArgs({
  options: {
    requests: { type: 'string', default: '100000' },
    seed: { type: 'string', default: String(Date.now() % 2 ** 31) },
  },
})
process.stdout.write(`seed ${values.seed}\n`)
const start = performance.now()
const { requests, statuses } = await fuzz(Number(values.requests), Number(values.seed))
const seconds = ((performance.now() - start) / 1000).toFixed(0)
process.stdout.write(
  `${requests} requests in ${seconds} s, no violation: ${JSON.stringify(statuses)}\n`,
)
