import { registerHooks } from 'node:module'
import { pino } from 'pino'
import { Config } from '../../src/config/schema.ts'

/**
 * A server in a process of its own. Its state passes through altered-state.ts, which can end the
 * process in the middle of a call, or make it wrong on purpose; the product knows nothing of that.
 * Takes its configuration as the first message, answers `{ url }` once it listens, and ends on SIGTERM.
 */
const state = new URL('../../src/state/index.ts', import.meta.url).href
const altered = new URL('altered-state.ts', import.meta.url).href

registerHooks({
  resolve(specifier, context, next) {
    const found = next(specifier, context)
    return found.url === state && context.parentURL !== altered ? { ...found, url: altered } : found
  },
})

const { startService } = await import('../../src/service.ts')
const { obey } = await import('./altered-state.ts')

process.on('disconnect', () => process.exit(1))
process.on('message', async (message: object) => {
  if (!('config' in message)) return obey(message)
  try {
    const service = await startService(Config.parse(message.config), pino({ level: 'silent' }))
    process.once('SIGTERM', async () => {
      await service.close()
      process.exit(0)
    })
    process.send?.({ url: service.url })
  } catch (error) {
    process.send?.({ fault: String(error) })
  }
  return undefined
})
process.send?.('ready')
