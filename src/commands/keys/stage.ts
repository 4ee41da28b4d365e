import { Command } from 'commander'
import type { Algorithm } from '../../keys/algorithms.ts'
import { publishedLongEnough } from '../../keys/lifecycle.ts'
import type { Ring, RingKey } from '../../keys/ring.ts'
import { currentOf, nextOf, stage } from '../../keys/ring.ts'
import { type Print, withAlgorithm, withConfig, withDryRun } from './options.ts'
import { changeOrMake, type KeyScene, timeOf, withKeys } from './scene.ts'
import { audiences, time } from './words.ts'

interface Options {
  readonly config: string
  readonly algorithm?: Algorithm
  readonly dryRun?: boolean
}

/** `latchkey keys stage`. */
export const stageCommand = (print: Print) =>
  withDryRun(
    withAlgorithm(withConfig(new Command('stage')), 'every algorithm in use without a next key'),
  )
    .description('make a next key and publish it; nothing signs with it yet')
    .action(({ config, algorithm, dryRun = false }: Options) =>
      withKeys(config, async (scene) => {
        const now = await timeOf(scene.state)
        let before: Ring | undefined
        const ring = await changeOrMake(scene, dryRun, async (found) => {
          before = found
          const wanted = algorithm
            ? [algorithm]
            : scene.schedule.algorithms.filter((each) => !nextOf(found, each))
          const { vault } = scene
          return stage(found, await Promise.all(wanted.map((each) => vault.create(each))), now)
        })
        for (const line of staged(ring, before, scene, dryRun)) print(line)
      }),
    )

/** What becomes of the keys that are new in a ring. */
export function staged(
  ring: Ring,
  before: Ring | undefined,
  scene: Pick<KeyScene, 'config' | 'schedule'>,
  dryRun: boolean,
): string[] {
  const fresh = ring.keys.filter(({ kid }) => !before?.keys.some((key) => key.kid === kid))
  if (fresh.length === 0) return ['every algorithm in use has a next key already']
  return fresh.map((key) => `${dryRun ? 'would stage' : 'staged'} ${sentence(key, ring, scene)}`)
}

function sentence(
  key: RingKey,
  ring: Ring,
  { config, schedule }: Pick<KeyScene, 'config' | 'schedule'>,
): string {
  const { kid, algorithm, state } = key
  const whose = audiences(config, algorithm)
  if (state === 'current')
    return `${kid}: the first key for ${algorithm}, it signs at once for ${whose}`
  const safe = publishedLongEnough(key, schedule)
  const due = (currentOf(ring, algorithm)?.promotedAt ?? 0) + schedule.rotateEvery * 1000
  const when =
    schedule.rotateEvery === 0
      ? `it signs for ${whose} when you rotate, safely from ${time(safe)}`
      : `it signs for ${whose} from ${time(Math.max(safe, due))}; \`latchkey keys rotate\` can have it sign from ${time(safe)}`
  return `${kid} for ${algorithm}: servers publish it within seconds; ${when}`
}
