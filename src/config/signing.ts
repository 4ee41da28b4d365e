import type { Algorithm } from '../keys/algorithms.ts'
import type { Config } from './schema.ts'

/** What the folder of the keys is opened with (KeyStoreOptions). */
export interface Signing {
  readonly folder: string
  readonly algorithms: readonly Algorithm[]
  /** Seconds. */
  readonly retention: number
}

/** Seconds that an access token may live at most. */
export const longestAccessToken = ({ apis, clients }: Pick<Config, 'apis' | 'clients'>): number =>
  Math.max(...[...apis, ...clients].map(({ accessTokenLifetime }) => accessTokenLifetime ?? 0))

/** Seconds for which the log keeps a revocation: a minute for clocks that differ. */
export const logRetention = (config: Pick<Config, 'apis' | 'clients'>): number =>
  longestAccessToken(config) + 60

/** The hour is for clocks that differ and for processes that notice a new key late. */
const margin = 3600

/** The algorithms that may sign a token, and how long a key must outlive its last one. */
export function signing({
  keys,
  apis,
  clients,
}: Pick<Config, 'keys' | 'apis' | 'clients'>): Signing {
  const named = [...apis, ...clients]
  return {
    folder: keys,
    algorithms: [...new Set(named.flatMap(({ algorithm }) => algorithm ?? []))],
    retention: longestAccessToken({ apis, clients }) + margin,
  }
}
