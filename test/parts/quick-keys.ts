import { registerHooks } from 'node:module'
import {
  type KeyStore,
  type KeyStoreOptions,
  openKeyStore as open,
} from '../../src/keys/key-store.ts'

/**
 * Preloaded (`--import`), gives a server keys that go as soon as a token of two seconds is dead, and has it
 * look at them five times a second. No configuration allows that.
 */
export const openKeyStore = (options: KeyStoreOptions): Promise<KeyStore> =>
  open({ ...options, lookEvery: 0.2, schedule: { ...options.schedule, retention: 3 } })

const usual = new URL('../../src/keys/key-store.ts', import.meta.url).href

registerHooks({
  resolve(specifier, context, next) {
    const found = next(specifier, context)
    const altered = found.url === usual && context.parentURL !== import.meta.url
    return altered ? { ...found, url: import.meta.url } : found
  },
})
