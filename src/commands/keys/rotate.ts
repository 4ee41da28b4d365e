import { Command } from 'commander'
import type { Algorithm } from '../../keys/algorithms.ts'
import { KeyFault } from '../../keys/key-fault.ts'
import { isAcknowledged, publishedLongEnough } from '../../keys/lifecycle.ts'
import { currentOf, nextOf, promote, type Ring, type RingKey } from '../../keys/ring.ts'
import { type Print, withAlgorithm, withConfig, withDryRun } from './options.ts'
import { change, type KeyScene, reportsOn, withKeys } from './scene.ts'
import { audiences, cacheable, time } from './words.ts'

interface Options {
  readonly config: string
  readonly algorithm?: Algorithm
  readonly force?: boolean
  readonly dryRun?: boolean
}

/** `latchkey keys rotate`. */
export const rotateCommand = (print: Print) =>
  withDryRun(withAlgorithm(withConfig(new Command('rotate')), 'every algorithm with a next key'))
    .description('have the next key sign; the one before it verifies until its last token is dead')
    .option('--force', 'although not everybody can know the key yet: their users are refused')
    .action(({ config, algorithm, force = false, dryRun = false }: Options) =>
      withKeys(config, async (scene) => {
        const said: string[] = []
        await change(scene, dryRun, async (ring) => {
          said.length = 0
          let rotated = ring
          for (const key of wanted(ring, algorithm)) {
            const now = await refuseEarly(key, ring, scene, force)
            const { keys } = promote(rotated, key.kid, now, scene.schedule.retention)
            rotated = { ...ring, keys }
            said.push(...sentences(key, ring, scene, { now, force, dryRun }))
          }
          return { ...rotated, version: ring.version + 1 }
        })
        for (const line of said) print(line)
      }),
    )

function wanted(ring: Ring, algorithm: Algorithm | undefined): RingKey[] {
  const found = algorithm
    ? [nextOf(ring, algorithm)].filter((key) => key !== undefined)
    : ring.keys.filter(({ state }) => state === 'next')
  if (found.length > 0) return found
  throw new KeyFault(
    `there is no next key${algorithm ? ` for ${algorithm}` : ''}: make one with \`latchkey keys stage\`, and rotate when it was published long enough`,
  )
}

/** The time now. Throws KeyFault when somebody who was told of the keys may not know this one. */
async function refuseEarly(
  key: RingKey,
  ring: Ring,
  { state, schedule }: KeyScene,
  force: boolean,
): Promise<number> {
  const reports = await reportsOn(ring, state)
  const now = reports?.now ?? Date.now()
  if (force) return now
  const otherwise =
    '; --force rotates all the same, and --dry-run with it says who would be refused'
  const safe = publishedLongEnough(key, schedule)
  if (now < safe)
    throw new KeyFault(
      `${key.kid} was published at ${time(key.publishedAt)} and may sign from ${time(safe)}: APIs may not have it before${otherwise}`,
    )
  if (!reports)
    throw new KeyFault(
      `the store does not say whether every server publishes ${key.kid}${otherwise}`,
    )
  if (!isAcknowledged(ring, key, reports.instances))
    throw new KeyFault(
      `not every server publishes ${key.kid} yet, or one cannot open it: look at the servers' logs${otherwise}`,
    )
  return now
}

function sentences(
  { kid, algorithm, publishedAt }: RingKey,
  ring: Ring,
  { config, schedule }: KeyScene,
  { now, force, dryRun }: { now: number; force: boolean; dryRun: boolean },
): string[] {
  const former = currentOf(ring, algorithm)?.kid
  const whose = audiences(config, algorithm)
  const until = time(now + schedule.retention * 1000)
  const may = dryRun ? 'would sign' : 'signs'
  return [
    `${kid} ${may} with ${algorithm} for ${whose}, as soon as servers look, within seconds`,
    ...(former ? [`${former} verifies until ${until}: no token of it is refused`] : []),
    ...(force && now < publishedAt + schedule.publishAhead * 1000
      ? [
          `APIs that got the JWK Set before ${time(publishedAt)} and do not ask again for an unknown kid refuse new tokens of ${whose} until their copy is ${cacheable} old`,
        ]
      : []),
  ]
}
