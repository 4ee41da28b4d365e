import { existsSync } from 'node:fs'
import { loadConfig } from '../../config/load.ts'
import type { Config } from '../../config/schema.ts'
import { longestAccessToken, signing } from '../../config/signing.ts'
import { vaultOf } from '../../keys/guard.ts'
import { homeOf } from '../../keys/home.ts'
import { KeyFault } from '../../keys/key-fault.ts'
import type { Schedule } from '../../keys/lifecycle.ts'
import type { Ring } from '../../keys/ring.ts'
import { changeRing, type RingHome } from '../../keys/ring-home.ts'
import { newRing } from '../../keys/steps.ts'
import type { Vault } from '../../keys/vault.ts'
import type { KeyReports } from '../../state/key-records.ts'
import type { State } from '../../state/state.ts'
import { withState } from '../with-state.ts'

/** What a command about keys works on. */
export interface KeyScene {
  readonly config: Config
  readonly schedule: Schedule
  /** Seconds. */
  readonly longestToken: number
  readonly home: RingHome
  readonly vault: Vault
  readonly state: State
}

/**
 * Does `work` on the keys that the server of this configuration has; servers may run meanwhile.
 * `opensPlain`: see VaultOptions.
 */
export async function withKeys<T>(
  file: string,
  work: (scene: KeyScene) => Promise<T>,
  opensPlain?: boolean,
): Promise<T> {
  const config = loadConfig(file)
  const { folder, schedule } = signing(config)
  const vault = vaultOf(config.keys, opensPlain)
  try {
    return await withState(config, async (state) => {
      const home = homeOf(folder, state)
      if (home.exposed && !vault.seals) throw new KeyFault(unsealed)
      const longestToken = longestAccessToken(config)
      return work({ config, schedule, longestToken, home, vault, state })
    })
  } finally {
    await vault.close()
  }
}

const unsealed = 'keys in the shared store must be sealed: set keys.seal'

/**
 * The ring, and what servers say of it, for a command that changes nothing: a state that is not there
 * yet is not made. Throws KeyFault where there is no ring.
 */
export async function readKeys(file: string) {
  const config = loadConfig(file)
  const { folder, schedule } = signing(config)
  const { url } = config.state
  const nothing = url.startsWith('sqlite:') && !existsSync(url.slice('sqlite:'.length))
  // A folder is read before the state is touched, and one that is spoiled is told first.
  const early = folder === undefined ? undefined : await ringIn(homeOf(folder, noRecords))
  if (early && nothing) return { config, schedule, ring: early, reports: undefined }
  return withState(config, async (state) => {
    const ring = early ?? (await ringIn(homeOf(folder, state)))
    return { config, schedule, ring, reports: await reportsOn(ring, state) }
  })
}

const noRecords = { keyRing: async () => undefined, replaceKeyRing: async () => false }

/** The ring that is there. Throws KeyFault. */
export async function ringIn(home: RingHome): Promise<Ring> {
  const ring = await home.read()
  if (ring === undefined)
    throw new KeyFault(`there are no keys in ${home.place}: the server makes them when it starts`)
  return ring
}

/** Undefined while the store does not say. */
export const reportsOn = (
  { keys }: Pick<Ring, 'keys'>,
  state: Pick<State, 'keyReports'>,
): Promise<KeyReports | undefined> =>
  state.keyReports(keys.map(({ kid }) => kid)).catch(() => undefined)

/** Milliseconds since the epoch, by the clock of the store if it can be asked. */
export const timeOf = async (state: Pick<State, 'keyReports'>): Promise<number> =>
  (await reportsOn({ keys: [] }, state))?.now ?? Date.now()

/** Changes the ring, or, on a dry run, only what would be the ring. */
export async function change(
  { home }: Pick<KeyScene, 'home'>,
  dryRun: boolean,
  work: (ring: Ring) => Ring | Promise<Ring>,
): Promise<Ring> {
  if (dryRun) return work(await ringIn(home))
  return changeRing(home, async (found) => work(found ?? (await ringIn(home))))
}

/** The same where the key may be the very first of all. */
export async function changeOrMake(
  { home, vault }: Pick<KeyScene, 'home' | 'vault'>,
  dryRun: boolean,
  work: (ring: Ring) => Ring | Promise<Ring>,
): Promise<Ring> {
  if (!dryRun) await home.prepare()
  const known = async (found: Ring | undefined) => work(found ?? (await newRing(vault)))
  // A folder that is not there yet has no ring.
  if (dryRun) return known(await home.read().catch(() => undefined))
  return changeRing(home, known)
}
