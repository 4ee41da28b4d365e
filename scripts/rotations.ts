import { parseArgs } from 'node:util'
import { rotateQuickly } from '../test/parts/quick-rotations.ts'
import { startRedis } from '../test/parts/redis.ts'

/**
 * Changes keys every few seconds under load, and fails when one valid token is refused:
 * npm run rotations -- --rotations 100 --store redis
 */
const { values } = parseArgs({
  options: {
    rotations: { type: 'string', default: '100' },
    store: { type: 'string', default: 'sqlite' },
    keys: { type: 'string', default: 'store' },
    clients: { type: 'string', default: '4' },
  },
})
const began = performance.now()
const { store } = values
const keys = values.keys === 'folder' ? 'folder' : 'store'
const redis = store === 'redis' ? await startRedis() : undefined
const rotated = await rotateQuickly(Number(values.rotations), {
  keys,
  clients: Number(values.clients),
  ...(redis && { state: redis.url }),
})
await redis?.stop()
const seconds = Math.round((performance.now() - began) / 1000)
console.log({ store, keys, ...rotated, seconds })
const wrong = Object.keys({ ...rotated.refused, ...rotated.failed })
if (wrong.length > 0 || rotated.rotations < Number(values.rotations)) process.exitCode = 1
