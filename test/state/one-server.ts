import { expect } from 'chai'
import { openState } from '../../src/state/index.ts'
import { type Program, startRedis } from '../parts/redis.ts'
import { tidied } from '../parts/tidy.ts'
import { until } from '../parts/until.ts'
import type { Store } from './conformance.ts'
import { putForward } from './put-forward.ts'

/** A store on a server of its own. */
export const oneServer = (program: Program) => async (): Promise<Store> => {
  const redis = await startRedis({ program })
  return {
    options: { url: redis.url },
    empty: async () => void (await redis.command('FLUSHALL')),
    putForward: (id, by) => putForward([redis], id, by),
    close: redis.stop,
  }
}

/** What the state does where keys are evicted or nothing is kept on the disk. */
export function refusesUnsafeServers(program: Program): void {
  describe('on a server that may lose what it is told', () => {
    const kept = tidied()
    const refusals = {
      'maxmemory-policy allkeys-lru': /may evict keys.*CONFIG SET maxmemory-policy noeviction/,
      'maxmemory-policy volatile-ttl': /may evict keys/,
      'appendonly no': /append-only file.*CONFIG SET appendonly yes/,
    }
    for (const [directive, complaint] of Object.entries(refusals)) {
      it(`does not start: ${directive}`, async () => {
        const redis = kept(await startRedis({ program, directives: [directive] }))
        const warnings: string[] = []
        const log = (level: string, message: string) => void warnings.push(`${level} ${message}`)
        const refusal = await openState({ url: redis.url }, log).catch((error: Error) => error)
        expect(refusal).to.be.an('error').with.property('message').that.matches(complaint)

        const options = { url: redis.url, allowUnsafePersistence: true }
        const state = kept(await openState(options, log))
        await state.check()
        expect(warnings.filter((each) => complaint.test(each))).to.have.lengthOf(2)
      })
    }

    it('is not ready when it turned out unsafe later, until that is mended', async () => {
      const redis = kept(await startRedis({ program }))
      const state = kept(await openState({ url: redis.url, timeout: 300 }))
      await state.check()
      await redis.command('CONFIG', 'SET', 'maxmemory-policy', 'allkeys-lru')
      await redis.command('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes')
      const refusal = await until(
        () => state.check().catch((error: Error) => error),
        (answer) => answer instanceof Error && answer.message.includes('evict'),
      )
      expect(refusal).to.have.property('name', 'StateUnavailable')
      await redis.command('CONFIG', 'SET', 'maxmemory-policy', 'noeviction')
      await state.check()
    })
  })
}
