import { createPublicKey } from 'node:crypto'
import { Command, Option } from 'commander'
import { keyOf } from '../../keys/ring.ts'
import { type Print, withConfig, withKid } from './options.ts'
import { readKeys } from './scene.ts'

interface Options {
  readonly config: string
  readonly format: 'jwk' | 'pem'
}

/** `latchkey keys export`. */
export const exportCommand = (print: Print) =>
  withKid(
    withConfig(new Command('export')),
    '[kid]',
    'one key; all that are published, if left out',
  )
    .description('print the public halves of keys, for whoever cannot fetch the JWK Set')
    .addOption(new Option('--format <name>', 'form').choices(['jwk', 'pem']).default('jwk'))
    .action(async (kid: string | undefined, { config, format }: Options) => {
      const { ring } = await readKeys(config)
      const found = kid === undefined ? ring.keys : [keyOf(ring, kid)]
      const keys = found.filter(({ state }) => state !== 'cut').map(({ publicJwk }) => publicJwk)
      if (format === 'jwk') print(JSON.stringify({ keys }, undefined, 2))
      else for (const jwk of keys) print(pem({ ...jwk }))
    })

const pem = (jwk: Record<string, unknown>): string =>
  createPublicKey({ key: jwk, format: 'jwk' })
    .export({ type: 'spki', format: 'pem' })
    .toString()
    .trimEnd()
