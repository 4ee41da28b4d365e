import { Command } from 'commander'
import { resealed } from '../../keys/reseal.ts'
import { type Print, withConfig } from './options.ts'
import { change, withKeys } from './scene.ts'

/** `latchkey keys reseal`. */
export const resealCommand = (print: Print) =>
  withConfig(new Command('reseal'))
    .description('encrypt every private key anew, by what keys.seal says now')
    .addHelpText(
      'after',
      `
Keys that are not encrypted yet are encrypted; those that keys.seal.formerly opens are encrypted by keys.seal,
and without a keys.seal nothing is. Restart the servers after it: until then those that know the former secret
alone go on with the keys that they have open.`,
    )
    .action(({ config }: { config: string }) =>
      withKeys(
        config,
        async (scene) => {
          const ring = await change(scene, false, (found) => resealed(found, scene.vault))
          const held = ring.keys.filter(({ material }) => material && 'device' in material).length
          const here = ring.keys.filter(({ material }) => material).length - held
          const how = scene.vault.seals ? 'sealed' : 'kept as they are, not sealed'
          print(`${here} keys and the key of the refresh tokens are ${how}`)
          if (held > 0) print(`${held} more are in the device`)
        },
        true,
      ),
    )
