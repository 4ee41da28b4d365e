import type { Algorithm } from '../keys/algorithms.ts'
import type { Config } from './schema.ts'

/** What the folder of the keys is opened with (KeyStoreOptions). */
export interface Signing {
  readonly folder: string
  readonly algorithms: readonly Algorithm[]
  /** Seconds. */
  readonly retention: number
}

/** The hour is for clocks that differ and for processes that notice a new key late. */
const margin = 3600

/** The algorithms that may sign a token, and how long a key must outlive its last one. */
export function signing({
  keys,
  apis,
  clients,
}: Pick<Config, 'keys' | 'apis' | 'clients'>): Signing {
  const named = [...apis, ...clients]
  const lifetimes = named.map(({ accessTokenLifetime }) => accessTokenLifetime ?? 0)
  return {
    folder: keys,
    algorithms: [...new Set(named.flatMap(({ algorithm }) => algorithm ?? []))],
    retention: Math.max(...lifetimes) + margin,
  }
}
