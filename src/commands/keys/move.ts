import { Command } from 'commander'
import { KeyFault } from '../../keys/key-fault.ts'
import { resealed } from '../../keys/reseal.ts'
import { type Print, withConfig } from './options.ts'
import { readKeys, withKeys } from './scene.ts'

interface Options {
  readonly config: string
  readonly from: string
}

/** `latchkey keys move`. */
export const moveCommand = (print: Print) =>
  withConfig(new Command('move'))
    .requiredOption('--from <file>', 'configuration by which the keys are where they are now')
    .description('copy all keys to another home: from a folder to the shared store, or back')
    .addHelpText(
      'after',
      `
Nothing changes for anybody: the same keys sign and verify, in both homes. They are sealed by keys.seal of --config;
what they are sealed with now, if they are, is that or stands in its keys.seal.formerly. Restart the servers on
--config soon, before \`latchkey keys list\` has a step due, and remove what is in the former home.`,
    )
    .action(async ({ config, from }: Options) => {
      const { ring } = await readKeys(from)
      await withKeys(
        config,
        async ({ home, vault }) => {
          await home.prepare()
          const moved = await resealed(ring, vault)
          if ((await home.read()) || !(await home.replace(0, moved)))
            throw new KeyFault(
              `there are keys already: ${home.place}; they stay, remove them first`,
            )
          print(
            `${ring.keys.length} keys and the key of the refresh tokens are copied: ${home.place}`,
          )
        },
        true,
      )
    })
