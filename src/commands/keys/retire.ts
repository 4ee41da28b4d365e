import { Command } from 'commander'
import { keyOf, retire } from '../../keys/ring.ts'
import { confirm } from './confirm.ts'
import { type Print, withConfig, withDryRun, withKid, withYes } from './options.ts'
import { change, reportsOn, ringIn, withKeys } from './scene.ts'
import { audiences, cacheable, time, tokens } from './words.ts'

interface Options {
  readonly config: string
  readonly yes?: boolean
  readonly dryRun?: boolean
}

/** `latchkey keys retire`. */
export const retireCommand = (print: Print) =>
  withKid(
    withYes(withDryRun(withConfig(new Command('retire')))),
    '<kid>',
    'as `latchkey keys list` shows it',
  )
    .description('forget a key before its time, one that signs for no API')
    .action((kid: string, { config, yes = false, dryRun = false }: Options) =>
      withKeys(config, async (scene) => {
        const ring = await ringIn(scene.home)
        const key = keyOf(ring, kid)
        const { algorithms } = scene.schedule
        // Refused before anybody is asked.
        retire(ring, kid, algorithms)
        const reports = await reportsOn(ring, scene.state)
        const signed = key.promotedAt === undefined ? 0 : reports?.signed[kid]
        print(
          signed === 0
            ? `${kid} has signed no token: nobody is refused`
            : `${kid} has signed about ${tokens(signed)} tokens for ${audiences(scene.config, key.algorithm)}; those that are alive are refused, here at once and by APIs when their copy of the JWK Set is ${cacheable} old`,
        )
        if (key.retiresAt !== undefined) print(`by itself it would go at ${time(key.retiresAt)}`)
        if (dryRun) return
        await confirm(kid, yes)
        await change(scene, dryRun, (found) => retire(found, kid, algorithms))
        print(`${kid} is retired`)
      }),
    )
