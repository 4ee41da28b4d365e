import { Command, Option } from 'commander'
import { loadConfig } from '../config/load.ts'
import { signing } from '../config/signing.ts'
import { type Algorithm, algorithms } from '../keys/algorithms.ts'
import { readKeys } from '../keys/key-folder.ts'
import { age, publishAheadByDefault } from '../keys/lifecycle.ts'
import { openPrivateFolder } from '../keys/private-files.ts'
import { generateKey } from '../keys/rotation.ts'

type Print = (line: string) => void

/** One key as `latchkey keys list --json` prints it; times are RFC 3339. */
interface ListedKey {
  readonly kid: string
  readonly algorithm: Algorithm
  readonly state: string
  readonly createdAt: string
  readonly activeAt: string
  readonly retiresAt?: string
  readonly file: string
}

/** `latchkey keys`. Its actions throw ConfigFaults and KeyFault, whose messages are for the operator. */
export function keysCommand(print: Print = console.log): Command {
  const keys = new Command('keys').description('the signing keys')
  keys
    .command('list')
    .description('show every key and where it is in its life')
    .requiredOption('--config <file>', 'configuration file')
    .option('--json', 'print JSON')
    .action(async ({ config, json }: { config: string; json?: true }) =>
      printKeys(await list(config), json, print),
    )
  keys
    .command('generate')
    .description('make a new key; it is published a day before it signs')
    .requiredOption('--config <file>', 'configuration file')
    .addOption(
      new Option(
        '--algorithm <name>',
        'only for this one; every algorithm in use, if left out',
      ).choices(algorithms),
    )
    .option('--now', 'let it sign at once: when a key was stolen')
    .option('--json', 'print JSON')
    .action(async ({ config, json, ...wanted }: Wanted & { config: string; json?: true }) => {
      await generate(config, wanted)
      printKeys(await list(config), json, print)
    })
  return keys
}

interface Wanted {
  readonly algorithm?: Algorithm
  readonly now?: true
}

async function list(configFile: string): Promise<ListedKey[]> {
  const { folder, retention } = signing(loadConfig(configFile))
  return age(await readKeys(folder), Date.now(), retention).map(({ key, state, retiresAt }) => ({
    kid: key.kid,
    algorithm: key.algorithm,
    state,
    createdAt: new Date(key.createdAt).toISOString(),
    activeAt: new Date(key.activeAt).toISOString(),
    ...(retiresAt !== undefined && { retiresAt: new Date(retiresAt).toISOString() }),
    file: key.path,
  }))
}

async function generate(configFile: string, { algorithm, now }: Wanted): Promise<void> {
  const { folder, algorithms } = signing(loadConfig(configFile))
  await openPrivateFolder(folder)
  const times = { now: Date.now(), publishAhead: now ? 0 : publishAheadByDefault }
  for (const one of algorithm ? [algorithm] : algorithms) await generateKey(folder, one, times)
}

function printKeys(keys: readonly ListedKey[], json: true | undefined, print: Print): void {
  if (json) print(JSON.stringify(keys, undefined, 2))
  else for (const key of keys) print(line(key))
}

function line({ kid, algorithm, state, activeAt, retiresAt }: ListedKey): string {
  const life = `signs from ${activeAt}${retiresAt ? `, verifies until ${retiresAt}` : ''}`
  return [kid, algorithm.padEnd(5), state.padEnd(8), life].join('  ')
}
