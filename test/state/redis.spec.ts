import { startRedis } from '../parts/redis.ts'
import { conformsToState } from './conformance.ts'

describe('state in Redis', () =>
  conformsToState(async () => {
    const redis = await startRedis()
    return {
      options: { url: redis.url },
      empty: async () => void (await redis.command('FLUSHALL')),
      close: redis.stop,
    }
  }))
