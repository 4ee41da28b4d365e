import { Command } from 'commander'
import { currentOf, cut, keyOf, nextOf, type Ring, type RingKey } from '../../keys/ring.ts'
import { confirm } from './confirm.ts'
import { type Print, withConfig, withDryRun, withKid, withYes } from './options.ts'
import { change, type KeyScene, reportsOn, ringIn, timeOf, withKeys } from './scene.ts'
import { audiences, cacheable, span, tokens } from './words.ts'

interface Options {
  readonly config: string
  readonly yes?: boolean
  readonly dryRun?: boolean
}

/** `latchkey keys emergency`. */
export const emergencyCommand = (print: Print) =>
  withKid(
    withYes(withDryRun(withConfig(new Command('emergency')))),
    '<kid>',
    'the compromised key, as `latchkey keys list` shows it',
  )
    .description('cut a compromised key: nothing that it signed is good any more')
    .action((kid: string, { config, yes = false, dryRun = false }: Options) =>
      withKeys(config, async (scene) => {
        const ring = await ringIn(scene.home)
        for (const line of await consequences(keyOf(ring, kid), ring, scene)) print(line)
        if (dryRun) return
        await confirm(kid, yes)
        print(await cutNow(kid, scene))
      }),
    )

/**
 * Into the log first: an API that follows the feed refuses the key before servers have put another
 * in its place. A store that does not answer is no reason to go on publishing the key.
 */
async function cutNow(kid: string, scene: KeyScene): Promise<string> {
  const unlogged = await scene.state.cutKey(kid).then(
    () => undefined,
    (error: Error) => error,
  )
  const now = await timeOf(scene.state)
  const { retention } = scene.schedule
  const ring = await change(scene, false, async (found) => {
    const { algorithm, state } = keyOf(found, kid)
    if (state === 'cut') return found
    const needed = state === 'current' && !nextOf(found, algorithm)
    const fresh = needed ? await scene.vault.create(algorithm) : undefined
    return cut(found, kid, fresh, { now, retention })
  })
  if (unlogged)
    throw new Error(
      `${kid} is cut, but the revocation feed could not be told (${unlogged.message}): run the command again, until then APIs go by the JWK Set`,
    )
  const successor = currentOf(ring, keyOf(ring, kid).algorithm)
  return `${kid} is cut; ${successor?.kid ?? 'no key'} signs now`
}

async function consequences(key: RingKey, ring: Ring, scene: KeyScene): Promise<string[]> {
  const { kid, algorithm, state, promotedAt } = key
  if (state === 'cut') return [`${kid} is cut already: the revocation feed is told again`]
  const whose = audiences(scene.config, algorithm)
  const reports = await reportsOn(ring, scene.state)
  const signed = promotedAt === undefined ? 0 : reports?.signed[kid]
  const alive = span(scene.longestToken * 1000)
  const next = nextOf(ring, algorithm)
  const fresh = `a fresh key signs at once: APIs that do not ask again for an unknown kid refuse new tokens until their copy of the JWK Set is ${cacheable} old`
  return [
    `${kid} (${algorithm}, ${state}) has signed about ${tokens(signed)} tokens for ${whose}; of these, all of the last ${alive} are refused that are alive`,
    'refused by whom, and when, counted from now:',
    '  introspection and this server: within seconds, as servers look',
    '  APIs that follow the revocation feed: within seconds (their `staleness`)',
    `  APIs that go by the JWK Set alone, or by status lists: when their copy is ${cacheable} old, or as old as they let it be`,
    'refresh tokens live on: who holds one gets a new access token by it, without a password',
    ...(state === 'current'
      ? [
          next
            ? `${next.kid}, which is published already, signs at once: was it read, too, cut it first`
            : fresh,
        ]
      : []),
  ]
}
