import type { Schedule } from '../keys/lifecycle.ts'
import type { Config } from './schema.ts'

/** Where the ring of keys is, and when it changes. */
export interface Signing {
  /** Undefined: in the shared store. */
  readonly folder: string | undefined
  readonly schedule: Schedule
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
  keys: { folder, store, publishAhead, rotateEvery },
  apis,
  clients,
}: Pick<Config, 'keys' | 'apis' | 'clients'>): Signing {
  const named = [...apis, ...clients]
  return {
    folder: store ? undefined : folder,
    schedule: {
      algorithms: [...new Set(named.flatMap(({ algorithm }) => algorithm ?? []))],
      retention: longestAccessToken({ apis, clients }) + margin,
      publishAhead,
      rotateEvery,
    },
  }
}
