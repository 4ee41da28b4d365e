import { Command, Option } from 'commander'
import { generateSecret, hashSecret } from '../clients/secrets.ts'
import { ConfigFaults } from '../config/faults.ts'
import { loadConfig } from '../config/load.ts'
import { grantTypes } from '../config/schema-clients.ts'
import {
  addClient,
  type ClientEntry,
  listClients,
  removeClient,
  setSecrets,
} from './client-entries.ts'
import { endAfterChange } from './with-state.ts'

interface Options {
  readonly config: string
  readonly json?: true
}

interface NewClient extends Options {
  readonly name?: string
  readonly public?: true
  readonly grant?: string[]
  readonly api?: string[]
  readonly scope?: string[]
  readonly defaultScope?: string[]
  readonly origin?: string[]
  readonly introspectAll?: true
}

const several = (flag: string, description: string) =>
  new Option(flag, `${description}; may be repeated`).argParser(
    (value: string, before: string[] | undefined) => [...(before ?? []), value],
  )

/** `latchkey client`: edits `clients` in the configuration file, in place. */
export function clientCommand(): Command {
  const client = new Command('client')
    .description('the clients in a configuration file')
    .addHelpText(
      'after',
      `
The file is edited in place: comments and order stay, and nothing is written that would not be valid.
A running server takes the change when it is restarted.

Examples:
  latchkey client add shop --config latchkey.yaml --public --grant password --grant refresh_token
  latchkey client add reports --config latchkey.yaml --grant client_credentials --scope reports
  latchkey client rotate-secret reports --config latchkey.yaml             # both secrets are valid
  latchkey client rotate-secret reports --config latchkey.yaml --drop-old  # only the new one is
  latchkey client list --config latchkey.yaml --json`,
    )
  client.addCommand(addCommand())
  client.addCommand(listCommand())
  client.addCommand(removeCommand())
  client.addCommand(rotateSecretCommand())
  return client
}

const command = (name: string, description: string) =>
  new Command(name)
    .description(description)
    .requiredOption('--config <file>', 'configuration file')
    .option('--json', 'print JSON')

const addCommand = () =>
  command('add', 'add a client; a confidential one gets a secret, which is shown once')
    .argument('<id>', 'its client_id')
    .option('--name <text>', 'name for people')
    .option('--public', 'it cannot keep a secret: a browser or mobile app')
    .addOption(several('--grant <grant>', `grant it may use: ${grantTypes.join(', ')}`))
    .addOption(several('--api <audience>', 'API it may ask tokens for; all of them, if left out'))
    .addOption(several('--scope <scope>', "scope it may ask for; all of its APIs', if left out"))
    .addOption(several('--default-scope <scope>', 'scope it gets when it asks for none'))
    .addOption(several('--origin <origin>', 'browser origin that may read the answers'))
    .option('--introspect-all', 'it may introspect the tokens of other clients')
    .action((id: string, options: NewClient) => {
      const secret = options.public ? undefined : generateSecret()
      addClient(options.config, {
        id,
        ...(options.name && { name: options.name }),
        ...(options.public && { public: true }),
        ...(secret && { secrets: [hashSecret(secret)] }),
        ...(options.grant && { grants: options.grant }),
        ...(options.api && { apis: options.api }),
        ...(options.scope && { scopes: options.scope }),
        ...(options.defaultScope && { defaultScopes: options.defaultScope }),
        ...(options.origin && { origins: options.origin }),
        ...(options.introspectAll && { introspectAll: true }),
      })
      report(options, { id, secret }, `added client ${id} to ${options.config}`)
    })

const listCommand = () =>
  command('list', 'show the clients; never their secrets').action(({ config, json }: Options) => {
    const clients = listClients(config)
    if (json) console.log(JSON.stringify(clients))
    else for (const client of clients) console.log(line(client))
  })

const removeCommand = () =>
  command('remove', 'remove a client, and end every login and token of it')
    .argument('<id>', 'its client_id')
    .action(async (id: string, options: Options) => {
      removeClient(options.config, id)
      report(options, { id }, `removed client ${id} from ${options.config}`)
      const config = readable(options.config)
      if (config) return endAfterChange(config, { kind: 'client', target: id })
      const where = `run \`latchkey revoke client ${id}\` where the configuration can be read as a whole`
      console.error(`latchkey: its logins and tokens were not ended: ${where}`)
    })

/** Whoever edits clients may not be allowed to see the secrets that the file refers to. */
function readable(file: string) {
  try {
    return loadConfig(file)
  } catch (error) {
    if (error instanceof ConfigFaults) return undefined
    throw error
  }
}

const rotateSecretCommand = () =>
  command('rotate-secret', 'give a client a new secret, which is shown once')
    .argument('<id>', 'its client_id')
    .option('--drop-old', 'end the secrets it has; they stay valid, if left out')
    .action((id: string, options: Options & { dropOld?: true }) => {
      const secret = generateSecret()
      setSecrets(options.config, id, (old) => [...(options.dropOld ? [] : old), hashSecret(secret)])
      const others = options.dropOld
        ? 'no other secret is valid'
        : 'the old secrets are still valid'
      report(options, { id, secret }, `client ${id} has a new secret; ${others}`)
    })

function report(
  { json }: Options,
  done: { id: string; secret?: string | undefined },
  text: string,
) {
  if (json) return console.log(JSON.stringify(done))
  console.log(text)
  if (done.secret)
    console.log(`secret: ${done.secret}\nIt is not shown again: only its hash is stored.`)
}

function line({ id, public: isPublic, authentication, grants, secrets }: ClientEntry): string {
  const kind = isPublic ? 'public' : authentication
  const count = isPublic || authentication !== 'secret' ? '' : ` (${secrets})`
  return [id.padEnd(24), `${kind}${count}`.padEnd(16), grants.join(' ')].join('  ').trimEnd()
}
