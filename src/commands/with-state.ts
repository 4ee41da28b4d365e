import { existsSync } from 'node:fs'
import type { Config } from '../config/schema.ts'
import { logRetention, longestAccessToken } from '../config/signing.ts'
import { openState } from '../state/index.ts'
import type { State } from '../state/state.ts'
import { type Ending, end } from '../tokens/ending.ts'

/** Does `work` on the state that the server of this configuration has. */
export async function withState<T>(config: Config, work: (state: State) => Promise<T>): Promise<T> {
  const state = await openState({ ...config.state, logRetention: logRetention(config) })
  try {
    return await work(state)
  } finally {
    await state.close()
  }
}

export const endInState = (config: Config, ending: Ending): Promise<void> =>
  withState(config, (state) => end(state, ending, longestAccessToken(config)))

/**
 * Ends what somebody has who was changed just now. A file that is not there yet holds no logins,
 * and is left for the server to make.
 *
 * @throws Error that says what was done, and what was not
 */
export async function endAfterChange(config: Config, ending: Ending): Promise<void> {
  const { url } = config.state
  if (url.startsWith('sqlite:') && !existsSync(url.slice('sqlite:'.length))) return
  await endInState(config, ending).catch((error: Error) => {
    throw new Error(
      `it is done, but logins and tokens from before could not be ended (${error.message}): run \`latchkey revoke ${ending.kind} ${ending.target}\``,
    )
  })
}
