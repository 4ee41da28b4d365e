import { open } from 'node:fs/promises'
import { Command } from 'commander'
import type { Algorithm } from '../../keys/algorithms.ts'
import { KeyFault } from '../../keys/key-fault.ts'
import { readPrivateKey } from '../../keys/private-key.ts'
import { type Ring, stage } from '../../keys/ring.ts'
import { type Print, withAlgorithm, withConfig, withDryRun } from './options.ts'
import { changeOrMake, timeOf, withKeys } from './scene.ts'
import { staged } from './stage.ts'

interface Options {
  readonly config: string
  readonly algorithm?: Algorithm
  readonly dryRun?: boolean
}

/** `latchkey keys import`. */
export const importCommand = (print: Print) =>
  withDryRun(withAlgorithm(withConfig(new Command('import')), 'what the key says it is for'))
    .argument('[file]', 'PEM (PKCS#8, SEC1, PKCS#1) or JWK; standard input, if left out')
    .description('take over a private key: as the next one, or as the very first of its algorithm')
    .action(async (file: string | undefined, { config, algorithm, dryRun = false }: Options) => {
      const foreign = readPrivateKey(await contents(file))
      const wanted = algorithm ?? foreign.algorithm
      if (wanted === undefined)
        throw new KeyFault(
          'the key does not say what it is for: add --algorithm, RS256 for example',
        )
      await withKeys(config, async (scene) => {
        const fresh = await scene.vault.take(foreign.key, wanted)
        const now = await timeOf(scene.state)
        let before: Ring | undefined
        const ring = await changeOrMake(scene, dryRun, (found) => {
          before = found
          return stage(found, [fresh], now)
        })
        for (const line of staged(ring, before, scene, dryRun)) print(line)
      })
    })

/** Bytes: an RSA key of 16,384 bits has some 13,000. */
const mostBytes = 65_536

async function contents(file: string | undefined): Promise<string> {
  let text = ''
  const source = file === undefined ? process.stdin : (await opened(file)).createReadStream()
  for await (const chunk of source.setEncoding('utf8')) {
    text += chunk
    if (text.length > mostBytes) throw new KeyFault('this is longer than any key (64 KiB)')
  }
  return text
}

const opened = (file: string) =>
  open(file).catch((error: NodeJS.ErrnoException) => {
    throw new KeyFault(`${file} cannot be read (${error.code})`)
  })
